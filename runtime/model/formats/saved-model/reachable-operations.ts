import type { SourceGraph, SourceNode } from "../tensorflow-graph/source/source-graph.ts";
import { GraphError } from "../tensorflow-graph/source/source-graph.ts";

/** Operations that give a value on as it is. */
const passing: ReadonlySet<string> = new Set(["Identity", "PartitionedCall", "StatefulPartitionedCall"]);

/**
 * Names of the operations that running the nodes of these names comes to, those of the functions they call included. Throws a
 * GraphError for a restore that reads another checkpoint than the model's own, whose name TensorFlow hands in at `fileName`.
 */
export function reachedOperations(
  graph: SourceGraph,
  roots: readonly string[],
  fileName: string | undefined,
): readonly string[] {
  const operations = new Set<string>();
  const functions = new Set<string>();
  const visit = (scope: Scope, start: readonly string[]): void => {
    for (const node of reachedNodes(scope.nodes, start)) {
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
    // Everything in a function counts: control edges make it run whatever its results need.
    visit({ nodes: called.nodes, handedIn: new Set(called.parameters) }, [...called.nodes.keys()]);
  };
  visit({ nodes: graph.nodes, handedIn: new Set(fileName === undefined ? [] : [nodeName(fileName)]) }, roots);
  return [...operations].sort();
}

/** The nodes among these that running the ones of these names comes to, the functions that they call left out. */
export function reachedNodes(
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
  /** Names whose values come from outside: the file name that TensorFlow feeds, a function's parameters. */
  readonly handedIn: ReadonlySet<string>;
}

function checkRestore({ name, op, inputs }: SourceNode, scope: Scope): void {
  if (op !== "RestoreV2" && op !== "Restore") return;
  let from = nodeName(inputs[0] ?? "");
  for (let steps = 0; steps < 16 && !scope.handedIn.has(from); steps++) {
    const node = scope.nodes.get(from);
    if (node === undefined || !passing.has(node.op)) break;
    from = nodeName(node.inputs[0] ?? "");
  }
  if (scope.handedIn.has(from)) return;
  throw new GraphError(`"${name}" restores from another file than the model's own variables`);
}

/** `^node`, `node:0` and `node:output:0` all name a node. */
function nodeName(reference: string): string {
  return /^\^?([^:]*)/.exec(reference)?.[1] ?? reference;
}
