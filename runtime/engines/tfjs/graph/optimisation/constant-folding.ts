import type { GraphNode, Subgraph, ValueRef } from "../../../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import { operations } from "../operations/operations.ts";
import { isTensor, type Value } from "../value.ts";
import { computedConstants, constantCall, constantKey, type ConstantStore } from "./constant-store.ts";

/** Larger results are not folded but computed in each call, unless an input is as large. */
const maxElements = 2 ** 16;

/** Folds constants: computes everything that does not depend on the parameters. */
export function foldedConstants(store: ConstantStore, subgraph: Subgraph): Subgraph {
  /** References that replace the outputs of folded nodes. */
  const folded = new Map<number, readonly ValueRef[]>();
  const moved = new Map<number, number>();
  const nodes: GraphNode[] = [];
  const renamed = (ref: ValueRef): ValueRef => {
    if (ref.from !== "node") return ref;
    const constant = folded.get(ref.index)?.[ref.output];
    return constant ?? { ...ref, index: moved.get(ref.index) ?? ref.index };
  };
  subgraph.nodes.forEach((node, index) => {
    const { inputs, subgraphs } = node;
    const renamedNode = {
      ...node,
      inputs: inputs.map(renamed),
      subgraphs: subgraphs.map((inner) => foldedConstants(store, inner)),
    };
    const constants = constantOutputs(store, renamedNode);
    if (constants === undefined) moved.set(index, nodes.push(renamedNode) - 1);
    else folded.set(index, constants);
  });
  return { ...subgraph, nodes, results: subgraph.results.map(renamed) };
}

/** References of the node's outputs if they could be folded. */
function constantOutputs(store: ConstantStore, node: GraphNode): readonly ValueRef[] | undefined {
  const operation = operations.get(node.op);
  const isConstant = node.inputs.length > 0 && node.inputs.every(({ from }) => from === "constant");
  if (!isConstant || operation === undefined || node.subgraphs.length > 0) return undefined;
  try {
    return computedConstants(store, constantKey(node), () => {
      const call = constantCall(store, node);
      const output = operation(call);
      const values = Array.isArray(output) ? (output as readonly Value[]) : [output as Value]; // an Operation returns a list or a single value
      const limit = Math.max(maxElements, ...call.inputs.map(sizeOf));
      if (values.some((value) => sizeOf(value) > limit)) throw new RangeError("too large to fold");
      return values;
    });
  } catch {
    // The error will occur in the prediction that needs the value.
    return undefined;
  }
}

/** Number of elements; lists are mutable and never constants. */
function sizeOf(value: Value): number {
  if (isTensor(value)) return value.size;
  return value.kind === "list" ? Number.POSITIVE_INFINITY : value.data.length;
}
