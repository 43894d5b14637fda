import {
  isList,
  isObject,
  type Json,
  type JsonObject,
} from "../../../../../model/formats/keras/topology/json-config.ts";
import { NotExportedError, type Value } from "../../values.ts";
import type { LayerCall } from "../layer-export.ts";
import { optionAt, tensorAt } from "./operands.ts";

/** What is taken along one axis of the input. */
interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
  /** One element: the axis goes. */
  readonly isOne: boolean;
}

const farEnd = 2 ** 31 - 1;

/** `x[:, 0, 1:3, ..., None]`, as NumPy has it. The whole batch is taken, always. */
export function slice(call: LayerCall): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const key = optionAt(call, 1, "key") ?? null;
  const { cuts, added } = cutsOf(isList(key) ? key : [key], input.shape.length);
  const list = (of: (cut: Cut) => number): string => graph.integers(cuts.map(of));
  const taken =
    cuts.length === 0
      ? input.name
      : graph.add("Slice", [
          input.name,
          list(({ start }) => start),
          list(({ end }) => end),
          list(({ axis }) => axis),
          list(({ step }) => step),
        ]);
  const gone = cuts.filter(({ isOne }) => isOne).map(({ axis }) => axis);
  const left = gone.length === 0 ? taken : graph.add("Squeeze", [taken, graph.integers(gone)]);
  const name = added.length === 0 ? left : graph.add("Unsqueeze", [left, graph.integers(added)]);
  const sizes = input.shape.map((size, axis) =>
    sizeAfter(
      size,
      cuts.find((cut) => cut.axis === axis),
    ),
  );
  const kept = sizes.filter((_, axis) => !gone.includes(axis));
  return { ...input, name, shape: added.reduce((shape, axis) => shape.toSpliced(axis, 0, 1), kept) };
}

/** What each item of the key does, and the places of new axes among those that are left. */
function cutsOf(
  key: readonly Json[],
  rank: number,
): { readonly cuts: readonly Cut[]; readonly added: readonly number[] } {
  const own = key.filter((item) => item !== null && item !== "...").length;
  const cuts: Cut[] = [];
  const added: number[] = [];
  let axis = 0;
  let place = 0;
  for (const item of key) {
    if (item === null) added.push(place++);
    else if (item === "...") {
      axis += rank - own;
      place += rank - own;
    } else {
      const cut = cutOf(item, axis++);
      if (cut !== undefined) cuts.push(cut);
      if (cut?.isOne !== true) place++;
    }
  }
  if (axis > rank || added.includes(0) || cuts.some((cut) => cut.axis === 0)) {
    throw new NotExportedError("it takes a part of the batch");
  }
  return { cuts, added };
}

/** `undefined` when all is taken. */
function cutOf(item: Json, axis: number): Cut | undefined {
  if (typeof item === "number") {
    return { axis, start: item, end: item === -1 ? farEnd : item + 1, step: 1, isOne: true };
  }
  if (!isObject(item)) throw new NotExportedError(`${JSON.stringify(item)} is no part that is exported`);
  const [start, end, step] = [bound(item, "start", 0), bound(item, "stop", farEnd), bound(item, "step", 1)];
  if (step < 1) throw new NotExportedError("only parts forwards are exported");
  return start === 0 && end === farEnd && step === 1 ? undefined : { axis, start, end, step, isOne: false };
}

function bound(slice: JsonObject, name: string, fallback: number): number {
  const value = slice[name] ?? fallback;
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw new NotExportedError(`its ${name} is no number`);
}

function sizeAfter(size: number, cut: Cut | undefined): number {
  if (cut === undefined || size < 0) return size;
  const place = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
  return Math.max(0, Math.ceil((place(cut.end) - place(cut.start)) / cut.step));
}
