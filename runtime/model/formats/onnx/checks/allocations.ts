import { elementCount } from "../../../../dataplane/tensor.ts";
import { onnxFaults } from "../faults.ts";
import type { ModelProto } from "../onnx-proto.ts";
import { constantAt } from "../graph-constants.ts";
import { allNodes, attributeOf, type FoundNode, nodeName } from "../graph-traversal.ts";

/** Most elements that one operator may allocate from constants alone; 1 GiB of float32. */
const maxElements = 2 ** 28;

/** Refuses operators whose output size is given by constants of the graph and exceeds the limit. Throws a Fault. */
export function checkAllocations(model: ModelProto): void {
  for (const found of allNodes(model)) {
    const elements = outputElements[found.node.opType]?.(found);
    if (elements === undefined || elements <= maxElements) continue;
    const reason = `it makes ${elements} elements; at most ${maxElements} are allowed`;
    throw onnxFaults.OnnxUnbounded({ node: nodeName(found.node), reason });
  }
}

type Count = (found: FoundNode) => number | undefined;

/** Lower bounds of the elements of an operator's output. */
const outputElements: Readonly<Record<string, Count>> = {
  ConstantOfShape: (found) => product(constant(found, 0)),
  Expand: (found) => product(constant(found, 1)),
  Tile: (found) => product(constant(found, 1)),
  Resize: (found) => product(constant(found, 3)),
  OneHot: (found) => constant(found, 1)?.[0],
  RandomNormal: ({ node }) => product(attributeOf(node, "shape")?.ints.map(Number)),
  RandomUniform: ({ node }) => product(attributeOf(node, "shape")?.ints.map(Number)),
  Pad: (found) => largest(constant(found, 1) ?? attributeOf(found.node, "pads")?.ints.map(Number)),
  Range: (found) => {
    const [start, limit, delta] = [constant(found, 0)?.[0], constant(found, 1)?.[0], constant(found, 2)?.[0]];
    if (start === undefined || limit === undefined || delta === undefined) return undefined;
    return Math.abs((limit - start) / delta);
  },
};

function constant({ node, graphs }: FoundNode, index: number): readonly number[] | undefined {
  return constantAt(node.input[index] ?? "", graphs);
}

function product(list: readonly number[] | undefined): number | undefined {
  return list === undefined ? undefined : elementCount(list.map(Math.abs));
}

function largest(list: readonly number[] | undefined): number | undefined {
  return list?.reduce((most, size) => Math.max(most, size), 0);
}
