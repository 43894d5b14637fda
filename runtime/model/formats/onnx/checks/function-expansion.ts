import type { FunctionProto, ModelProto, NodeProto } from "../onnx-proto.ts";
import { innerGraphs } from "./graph-traversal.ts";

/** Nodes that a model may have once its functions are written out, which ONNX Runtime does when it loads. */
const maxNodes = 2 ** 20;

/** Why the functions of a model cannot be written out: they call themselves, or each other too often. */
export function functionFlaw({ graph, functions }: ModelProto): string | undefined {
  const known = new Map(functions.map((one) => [`${one.domain}:${one.name}`, one]));
  const sizes = new Map<FunctionProto, number>();
  let flaw: string | undefined;
  const sizeOf = (nodes: readonly NodeProto[]): number => {
    let sum = 0;
    for (const node of nodes) {
      const called = known.get(`${node.domain}:${node.opType}`);
      sum += called === undefined ? 1 : functionSize(called);
      for (const inner of innerGraphs(node)) sum += sizeOf(inner.node);
      if (sum > maxNodes) flaw ??= `with its functions written out it has more than ${maxNodes} nodes`;
      if (flaw !== undefined) return sum;
    }
    return sum;
  };
  const functionSize = (called: FunctionProto): number => {
    const size = sizes.get(called);
    if (size === Number.POSITIVE_INFINITY) flaw ??= `function ${called.domain}:${called.name} calls itself`;
    if (size !== undefined) return size;
    sizes.set(called, Number.POSITIVE_INFINITY); // until it is known
    const found = sizeOf(called.node);
    sizes.set(called, found);
    return found;
  };
  sizeOf(graph?.node ?? []);
  return flaw;
}
