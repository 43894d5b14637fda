import type { Constant, GraphNode, Subgraph, ValueRef } from "../tensorflow-graph.ts";
import { computedIntegers } from "./computed-integers.ts";
import { type FoldedGraph, integersOf, tensorOfIntegers } from "./constant-integers.ts";

/** Folds operations on integer constants: the permutations and shapes around Keras' products, which ONNX needs as constants. */
export function foldedIntegers(body: Subgraph, given: readonly Constant[]): FoldedGraph {
  const constants = [...given];
  const replacements = new Map<number, ValueRef>();
  const nodes: GraphNode[] = [];
  const replaced = (ref: ValueRef): ValueRef => {
    if (ref.from !== "node") return ref;
    const replacement = replacements.get(ref.index) ?? ref;
    return replacement.from === "node" ? { ...replacement, output: ref.output } : replacement;
  };
  body.nodes.forEach((node, index) => {
    const inputs = node.inputs.map(replaced);
    const numbers = inputs.map((ref) => (ref.from === "constant" ? integersOf(constants[ref.index]) : undefined));
    const known = numbers.filter((one) => one !== undefined);
    const result = known.length === numbers.length ? computedIntegers(node, known) : undefined;
    if (result === undefined) {
      replacements.set(index, { from: "node", index: nodes.push({ ...node, inputs }) - 1, output: 0 });
    } else {
      const constant = { name: node.name, tensor: tensorOfIntegers(result, node) };
      replacements.set(index, { from: "constant", index: constants.push(constant) - 1 });
    }
  });
  return { body: { ...body, nodes, results: body.results.map(replaced) }, constants };
}
