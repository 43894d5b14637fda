import { onnxFaults } from "../faults.ts";
import type { GraphProto, ModelProto } from "../onnx-proto.ts";
import { constantAt, constantTensor } from "./constants.ts";
import { allNodes, attributeOf, type FoundNode, nodeName } from "./graph-walk.ts";

/** Rounds of one loop: what a call may spend on it at most. */
const maxTrips = 2 ** 20;

/**
 * Refuses loops that never end, or as late as a request says, as far as the graph shows it: their condition is always true.
 * Throws a Fault. ONNX Runtime loads them, and a call of its cannot be stopped.
 */
export function checkLoops(model: ModelProto): void {
  for (const found of allNodes(model)) if (found.node.opType === "Loop") checkLoop(found);
}

function checkLoop({ node, graphs }: FoundNode): void {
  const [trips = "", condition = ""] = node.input;
  const body = attributeOf(node, "body")?.g;
  if (body === undefined || !goesOnForever(body, isAlwaysTrue(condition, graphs))) return;
  const count = tripsOf(trips, graphs);
  if (count === undefined) return;
  const reason = `it runs ${count}; at most ${maxTrips} times are allowed`;
  throw onnxFaults.OnnxUnbounded({ node: nodeName(node), reason });
}

/** How often a loop runs where that is too often. */
function tripsOf(trips: string, graphs: readonly GraphProto[]): string | undefined {
  if (trips === "") return "without an end";
  const limit = constantAt(trips, graphs)?.[0];
  if (limit !== undefined) return limit > maxTrips ? `${limit} times` : undefined;
  return isFedTo(trips, graphs) ? "as often as a request says" : undefined;
}
/** Whether the condition that the body gives is the one that it got, or a constant. */
function goesOnForever(body: GraphProto, startsTrue: boolean): boolean {
  const given = body.output[0]?.name ?? "";
  const source = throughIdentities(given, body);
  if (source === body.input[1]?.name) return startsTrue;
  return isAlwaysTrue(source, [body]);
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

/** Operators that tell a size: what depends on one is as bounded as the request that brought it. */
const sizes: ReadonlySet<string> = new Set(["Shape", "Size", "SequenceLength"]);

/** Whether a value is computed from what a request holds, not only from its shape. */
function isFedTo(name: string, graphs: readonly GraphProto[]): boolean {
  const [outermost] = graphs;
  if (outermost === undefined) return false;
  const inputs = new Set(outermost.input.map((input) => input.name));
  const makers = new Map(graphs.flatMap(({ node }) => node.flatMap((one) => one.output.map((out) => [out, one]))));
  const seen = new Set<string>();
  const left = [name];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const maker = makers.get(next);
    if (inputs.has(next)) return true;
    if (maker !== undefined && !sizes.has(maker.opType)) left.push(...maker.input);
  }
  return false;
}
