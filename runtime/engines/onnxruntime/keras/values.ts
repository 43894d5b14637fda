import type { OnnxGraph, ValueType } from "./onnx-graph.ts";

/** A value between layers. */
export interface Value {
  /** In the graph. */
  readonly name: string;
  readonly type: ValueType;
  /** As Keras has it: the batch first, the channels last; -1 stands for any size. */
  readonly shape: readonly number[];
  /** In the graph, channels come before the positions: as convolutions of ONNX want it. */
  readonly isChannelsFirst?: true;
  /** Name of a bool [batch, steps]: steps that are false do not count. */
  readonly mask?: string;
}

/** What a layer cannot be exported for. */
export class NotExportedError extends Error {}

/** The same value, laid out as Keras has it. */
export function channelsLast(graph: OnnxGraph, value: Value): Value {
  const { isChannelsFirst, ...last } = value;
  if (isChannelsFirst === undefined) return value;
  const rank = value.shape.length;
  const perm = [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
  return { ...last, name: graph.add("Transpose", [value.name], { perm }) };
}

/** The same value, laid out as ONNX has images. Values of fewer than three dimensions are the same in both. */
export function channelsFirst(graph: OnnxGraph, value: Value): Value {
  const rank = value.shape.length;
  if (value.isChannelsFirst === true || rank < 3) return value;
  const perm = [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
  return { ...value, name: graph.add("Transpose", [value.name], { perm }), isChannelsFirst: true };
}

/** Where an axis of Keras' lies in the graph. */
export function graphAxis({ shape, isChannelsFirst }: Value, axis: number): number {
  const positive = axis < 0 ? axis + shape.length : axis;
  if (isChannelsFirst === undefined || positive === 0) return positive;
  return positive === shape.length - 1 ? 1 : positive + 1;
}

/** A list with one item for each axis of Keras', in the order of the graph. */
export function graphOrder<T>(value: Value, items: readonly T[]): readonly T[] {
  if (value.isChannelsFirst === undefined) return items;
  const [batch, ...rest] = items;
  const channels = rest.pop();
  return [batch, channels, ...rest].filter((item) => item !== undefined);
}

/** The value after an operator that works on each element alone. */
export function mapped(graph: OnnxGraph, value: Value, operator: string, ...others: readonly string[]): Value {
  return { ...value, name: graph.add(operator, [value.name, ...others]) };
}

/** The value in another element type. */
export function cast(graph: OnnxGraph, value: Value, type: "float32" | "int32" | "int64" | "bool"): Value {
  if (value.type === type) return value;
  return { ...value, name: graph.add("Cast", [value.name], { to: castTargets[type] }), type };
}

/** Numbers of onnx.proto's `TensorProto.DataType`. */
const castTargets = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;

/** Only the mask is taken away. */
export function unmasked(value: Value): Value {
  const { mask: _, ...others } = value;
  return others;
}
