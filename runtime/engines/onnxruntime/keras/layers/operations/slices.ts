import {
  isList,
  isObject,
  type Json,
  type JsonObject,
} from "../../../../../model/formats/keras/topology/json-config.ts";
import { NotExportedError, type Value } from "../../values.ts";
import type { LayerCall } from "../layer-export.ts";
import { optionAt, tensorAt } from "./operands.ts";

/** A slice along one axis of the input. */
interface AxisSlice {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
  /** A single index: the axis is removed. */
  readonly isOne: boolean;
}

const openEnd = 2 ** 31 - 1;

/** `x[:, 0, 1:3, ..., None]`, as in NumPy. The batch axis cannot be sliced. */
export function slice(call: LayerCall): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const key = optionAt(call, 1, "key") ?? null;
  const { slices, newAxes } = axisSlices(isList(key) ? key : [key], input.shape.length);
  const list = (of: (axisSlice: AxisSlice) => number): string => graph.integers(slices.map(of));
  const taken =
    slices.length === 0
      ? input.name
      : graph.add("Slice", [
          input.name,
          list(({ start }) => start),
          list(({ end }) => end),
          list(({ axis }) => axis),
          list(({ step }) => step),
        ]);
  const removedAxes = slices.filter(({ isOne }) => isOne).map(({ axis }) => axis);
  const left = removedAxes.length === 0 ? taken : graph.add("Squeeze", [taken, graph.integers(removedAxes)]);
  const name = newAxes.length === 0 ? left : graph.add("Unsqueeze", [left, graph.integers(newAxes)]);
  const sizes = input.shape.map((size, axis) =>
    sizeAfter(
      size,
      slices.find((axisSlice) => axisSlice.axis === axis),
    ),
  );
  const kept = sizes.filter((_, axis) => !removedAxes.includes(axis));
  return { ...input, name, shape: newAxes.reduce((shape, axis) => shape.toSpliced(axis, 0, 1), kept) };
}

/** The slices of a key, and the positions of new axes in the result. */
function axisSlices(
  key: readonly Json[],
  rank: number,
): { readonly slices: readonly AxisSlice[]; readonly newAxes: readonly number[] } {
  const own = key.filter((item) => item !== null && item !== "...").length;
  const slices: AxisSlice[] = [];
  const newAxes: number[] = [];
  let axis = 0;
  let place = 0;
  for (const item of key) {
    if (item === null) newAxes.push(place++);
    else if (item === "...") {
      axis += rank - own;
      place += rank - own;
    } else {
      const axisSlice = axisSliceOf(item, axis++);
      if (axisSlice !== undefined) slices.push(axisSlice);
      if (axisSlice?.isOne !== true) place++;
    }
  }
  if (axis > rank || newAxes.includes(0) || slices.some((axisSlice) => axisSlice.axis === 0)) {
    throw new NotExportedError("it slices the batch");
  }
  return { slices, newAxes };
}

/** The slice of one key item; `undefined` for the whole axis. */
function axisSliceOf(item: Json, axis: number): AxisSlice | undefined {
  if (typeof item === "number") {
    return { axis, start: item, end: item === -1 ? openEnd : item + 1, step: 1, isOne: true };
  }
  if (!isObject(item)) throw new NotExportedError(`${JSON.stringify(item)} is not an index or slice that is exported`);
  const [start, end, step] = [bound(item, "start", 0), bound(item, "stop", openEnd), bound(item, "step", 1)];
  if (step < 1) throw new NotExportedError("only slices with a positive step are exported");
  return start === 0 && end === openEnd && step === 1 ? undefined : { axis, start, end, step, isOne: false };
}

function bound(slice: JsonObject, name: string, fallback: number): number {
  const value = slice[name] ?? fallback;
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw new NotExportedError(`its ${name} is not an integer`);
}

function sizeAfter(size: number, axisSlice: AxisSlice | undefined): number {
  if (axisSlice === undefined || size < 0) return size;
  const place = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
  return Math.max(0, Math.ceil((place(axisSlice.end) - place(axisSlice.start)) / axisSlice.step));
}
