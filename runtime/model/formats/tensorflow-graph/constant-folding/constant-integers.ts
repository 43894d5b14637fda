import type { Constant, GraphNode, Subgraph } from "../tensorflow-graph.ts";
import { maxNumbers, type Numbers } from "./integer-tensor.ts";

/** A subgraph and the constants that it refers to. */
export interface FoldedGraph {
  readonly body: Subgraph;
  readonly constants: readonly Constant[];
}

/** A short constant of integers or truths. */
export function numbersOf(constant: Constant | undefined): Numbers | undefined {
  const tensor = constant?.tensor;
  if (tensor === undefined || !/^(int32|int64|bool)$/.test(tensor.dtype) || tensor.data.length > maxNumbers)
    return undefined;
  const data = Array.from(tensor.data as ArrayLike<number | bigint>, Number); // no texts: see above
  return { kind: "numbers", dtype: tensor.dtype === "bool" ? "bool" : "int32", shape: tensor.shape, data };
}

/** Where operations name the type of their result otherwise than others. */
const typeAttributes: ReadonlyMap<string, string> = new Map([
  ["Cast", "DstT"],
  ["GatherV2", "Tparams"],
  ["Range", "Tidx"],
]);

/** Integers of 64 bits stay such: ONNX does not mix them. */
export function tensorOfNumbers({ dtype, shape, data }: Numbers, { op, attributes }: GraphNode): Constant["tensor"] {
  if (dtype === "bool") return { dtype, shape, data: Uint8Array.from(data) };
  const type = attributes.get(typeAttributes.get(op) ?? "T");
  return type === "int64"
    ? { dtype: "int64", shape, data: BigInt64Array.from(data, BigInt) }
    : { dtype, shape, data: Int32Array.from(data) };
}
