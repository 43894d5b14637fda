import type { SourceGraph, SourceNode } from "../tensorflow-graph/source/source-graph.ts";
import { variableOperations } from "../tensorflow-graph/inlining/inlined-graph.ts";
import { reachedNodes } from "./reachable-operations.ts";

/**
 * A variable that `calls` need and that TensorFlow's own loader leaves empty, since nothing that it runs at its start touches it:
 * `tf.saved_model.save` of a Keras 3 model restores copies of the variables that its functions read. `undefined`: there is none.
 */
export function unfilledVariable(
  { nodes }: SourceGraph,
  calls: readonly string[],
  start: readonly string[],
): string | undefined {
  const filled = reachedNodes(nodes, start);
  const empty = [...reachedNodes(nodes, calls)].find((node) => variableOperations.has(node.op) && !filled.has(node));
  return empty === undefined ? undefined : nameOf(empty);
}

function nameOf({ name, attributes }: SourceNode): string {
  const shared = attributes.get("shared_name");
  return typeof shared === "string" && shared !== "" ? shared : name;
}
