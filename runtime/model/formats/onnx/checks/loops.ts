import { onnxFaults } from "../faults.ts";
import type { LoopLimits } from "../loop-limits.ts";
import type { GraphProto, ModelProto, NodeProto } from "../onnx-proto.ts";
import { constantAt, constantTensor } from "./constants.ts";
import { allNodes, attributeOf, type FoundNode, innerGraphs, nodeName } from "./graph-traversal.ts";

/** Rounds that a loop may take, by how many loops are around each other: 2^16 alone, 2^22 together in nested ones. */
const maxTrips = (levels: number): number => 2 ** (levels === 1 ? 16 : Math.floor(22 / levels));

/**
 * The limits that loops are to have while they run; those that are known to end within them need none. Refuses loops that
 * never end, or too late, as far as the graph alone shows it. Throws a Fault.
 */
export function loopLimits(model: ModelProto): LoopLimits {
  const limits = new Map<string, number>();
  for (const found of allNodes(model)) {
    if (found.node.opType !== "Loop") continue;
    const limit = maxTrips(found.loops + loopsIn(found.node));
    if (!endsWithin(found, limit)) limits.set(found.node.output[0] ?? "", limit);
  }
  return limits;
}

/** Loops inside each other, this one included. */
function loopsIn(node: NodeProto): number {
  const inner = innerGraphs(node).flatMap((graph) => graph.node.map(loopsIn));
  return Math.max(0, ...inner) + (node.opType === "Loop" ? 1 : 0);
}

/** Whether a constant says that the loop ends in time. Throws `OnnxUnbounded` when it is known not to. */
function endsWithin({ node, graphs }: FoundNode, limit: number): boolean {
  const [trips = "", condition = ""] = node.input;
  const count = trips === "" ? Number.POSITIVE_INFINITY : constantAt(trips, graphs)?.[0];
  if (count === undefined) return false;
  if (count <= limit) return true;
  const body = attributeOf(node, "body")?.g;
  if (body === undefined || !goesOnForever(body, isAlwaysTrue(condition, graphs))) return false;
  const rounds = Number.isFinite(count) ? `${count} times` : "without an end";
  const reason = `it runs ${rounds}; at most ${limit} times are allowed`;
  throw onnxFaults.OnnxUnbounded({ node: nodeName(node), reason });
}

/** Whether the condition that the body gives is the one that it got, or a constant. */
function goesOnForever(body: GraphProto, startsTrue: boolean): boolean {
  const source = throughIdentities(body.output[0]?.name ?? "", body);
  return source === body.input[1]?.name ? startsTrue : isAlwaysTrue(source, [body]);
}

/** No condition counts as a true one. */
function isAlwaysTrue(name: string, graphs: readonly GraphProto[]): boolean {
  if (name === "") return true;
  const value = constantTensor(name, graphs);
  return value?.dtype === "bool" && value.data[0] !== 0;
}

function throughIdentities(name: string, graph: GraphProto): string {
  let source = name;
  for (let left = graph.node.length; left > 0; left--) {
    const maker = graph.node.find(({ opType, output }) => opType === "Identity" && output[0] === source);
    if (maker === undefined) return source;
    source = maker.input[0] ?? "";
  }
  return source;
}
