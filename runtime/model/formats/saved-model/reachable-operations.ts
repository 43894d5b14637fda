import type { SourceGraph, SourceNode } from "../tensorflow-graph/source/source-graph.ts";
import { GraphError } from "../tensorflow-graph/source/source-graph.ts";

/** Operations that pass a value through. */
const passThrough: ReadonlySet<string> = new Set(["Identity", "PartitionedCall", "StatefulPartitionedCall"]);

/**
 * Names of the operations that running these nodes can reach, including those of called functions. Throws a GraphError for a restore
 * operation that reads another checkpoint than the model's own, whose name TensorFlow feeds at `fileName`.
 */
export function reachableOperations(
  graph: SourceGraph,
  roots: readonly string[],
  fileName: string | undefined,
): readonly string[] {
  const operations = new Set<string>();
  const functions = new Set<string>();
  const visit = (scope: Scope, start: readonly string[]): void => {
    for (const node of reachableNodes(scope.nodes, start)) {
      operations.add(node.op);
      checkRestore(node, scope);
      for (const called of [...node.functions.values()].flat()) enter(called);
    }
  };
  const enter = (name: string): void => {
    if (functions.has(name)) return;
    functions.add(name);
    const called = graph.functionNamed(name);
    if (called === undefined) return;
    // Every node of a function counts: control edges can run nodes that its results do not need.
    visit({ nodes: called.nodes, fed: new Set(called.parameters) }, [...called.nodes.keys()]);
  };
  visit({ nodes: graph.nodes, fed: new Set(fileName === undefined ? [] : [nodeName(fileName)]) }, roots);
  return [...operations].sort();
}

/** The nodes that running the nodes `start` reaches, without those of called functions. */
export function reachableNodes(
  nodes: ReadonlyMap<string, SourceNode>,
  start: readonly string[],
): ReadonlySet<SourceNode> {
  const reached = new Set<SourceNode>();
  const queue = start.map(nodeName);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const node = nodes.get(name);
    if (node === undefined || reached.has(node)) continue;
    reached.add(node);
    queue.push(...node.inputs.map(nodeName));
  }
  return reached;
}

interface Scope {
  readonly nodes: ReadonlyMap<string, SourceNode>;
  /** Names of fed values: the checkpoint's file name, a function's parameters. */
  readonly fed: ReadonlySet<string>;
}

function checkRestore({ name, op, inputs }: SourceNode, scope: Scope): void {
  if (op !== "RestoreV2" && op !== "Restore") return;
  let from = nodeName(inputs[0] ?? "");
  for (let steps = 0; steps < 16 && !scope.fed.has(from); steps++) {
    const node = scope.nodes.get(from);
    if (node === undefined || !passThrough.has(node.op)) break;
    from = nodeName(node.inputs[0] ?? "");
  }
  if (scope.fed.has(from)) return;
  throw new GraphError(`"${name}" restores from another file than the model's own variables`);
}

/** The node of a reference: `^node`, `node:0` or `node:output:0`. */
function nodeName(reference: string): string {
  return /^\^?([^:]*)/.exec(reference)?.[1] ?? reference;
}
