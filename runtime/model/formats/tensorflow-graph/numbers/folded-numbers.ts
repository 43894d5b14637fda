import type { Constant, GraphNode, Subgraph, ValueRef } from "../tensorflow-graph.ts";
import { computedNumbers } from "./computed-numbers.ts";
import { maxNumbers, type Numbers } from "./numbers.ts";

/** A subgraph and the constants that it refers to. */
export interface FoldedGraph {
  readonly body: Subgraph;
  readonly constants: readonly Constant[];
}

/** Computes what comes of constant integers: the orders and shapes around Keras' products, which ONNX wants to know at once. */
export function foldedNumbers(body: Subgraph, given: readonly Constant[]): FoldedGraph {
  const constants = [...given];
  const moved = new Map<number, ValueRef>();
  const nodes: GraphNode[] = [];
  const renamed = (ref: ValueRef): ValueRef => {
    if (ref.from !== "node") return ref;
    const place = moved.get(ref.index) ?? ref;
    return place.from === "node" ? { ...place, output: ref.output } : place;
  };
  body.nodes.forEach((node, index) => {
    const inputs = node.inputs.map(renamed);
    const numbers = inputs.map((ref) => (ref.from === "constant" ? numbersOf(constants[ref.index]) : undefined));
    const known = numbers.filter((one) => one !== undefined);
    const result = known.length === numbers.length ? computedNumbers(node, known) : undefined;
    if (result === undefined) {
      moved.set(index, { from: "node", index: nodes.push({ ...node, inputs }) - 1, output: 0 });
    } else {
      const constant = { name: node.name, tensor: tensorOf(result, node) };
      moved.set(index, { from: "constant", index: constants.push(constant) - 1 });
    }
  });
  return { body: { ...body, nodes, results: body.results.map(renamed) }, constants };
}

function numbersOf(constant: Constant | undefined): Numbers | undefined {
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
function tensorOf({ dtype, shape, data }: Numbers, { op, attributes }: GraphNode): Constant["tensor"] {
  if (dtype === "bool") return { dtype, shape, data: Uint8Array.from(data) };
  const type = attributes.get(typeAttributes.get(op) ?? "T");
  return type === "int64"
    ? { dtype: "int64", shape, data: BigInt64Array.from(data, BigInt) }
    : { dtype, shape, data: Int32Array.from(data) };
}
