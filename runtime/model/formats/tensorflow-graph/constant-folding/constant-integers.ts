import type { Constant, GraphNode, Subgraph } from "../tensorflow-graph.ts";
import { maxIntegerElements, type IntegerTensor } from "./integer-tensor.ts";

/** A subgraph and the constants it refers to. */
export interface FoldedGraph {
  readonly body: Subgraph;
  readonly constants: readonly Constant[];
}

/** The value of a short integer or boolean constant; undefined for other constants. */
export function integersOf(constant: Constant | undefined): IntegerTensor | undefined {
  const tensor = constant?.tensor;
  if (tensor === undefined || !/^(int32|int64|bool)$/.test(tensor.dtype) || tensor.data.length > maxIntegerElements)
    return undefined;
  const data = Array.from(tensor.data as ArrayLike<number | bigint>, Number); // not a string tensor: see above
  return { kind: "integers", dtype: tensor.dtype === "bool" ? "bool" : "int32", shape: tensor.shape, data };
}

/** Operations whose result type has another attribute name than `T`. */
const typeAttributes: ReadonlyMap<string, string> = new Map([
  ["Cast", "DstT"],
  ["GatherV2", "Tparams"],
  ["Range", "Tidx"],
]);

/** The constant tensor of a node's computed value. 64-bit integers keep their type: ONNX does not mix integer types. */
export function tensorOfIntegers(
  { dtype, shape, data }: IntegerTensor,
  { op, attributes }: GraphNode,
): Constant["tensor"] {
  if (dtype === "bool") return { dtype, shape, data: Uint8Array.from(data) };
  const type = attributes.get(typeAttributes.get(op) ?? "T");
  return type === "int64"
    ? { dtype: "int64", shape, data: BigInt64Array.from(data, BigInt) }
    : { dtype, shape, data: Int32Array.from(data) };
}
