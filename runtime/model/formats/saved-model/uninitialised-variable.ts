import type { SourceGraph, SourceNode } from "../tensorflow-graph/source/source-graph.ts";
import { variableOperations } from "../tensorflow-graph/inlining/inlined-graph.ts";
import { reachableNodes } from "./reachable-operations.ts";

/**
 * A variable that `calls` need but TensorFlow's loader does not initialise, because no node that it runs at load reaches it:
 * `tf.saved_model.save` of a Keras 3 model restores copies of the variables that its functions read. `undefined`: there is none.
 */
export function uninitialisedVariable(
  { nodes }: SourceGraph,
  calls: readonly string[],
  start: readonly string[],
): string | undefined {
  const initialised = reachableNodes(nodes, start);
  const variable = [...reachableNodes(nodes, calls)].find(
    (node) => variableOperations.has(node.op) && !initialised.has(node),
  );
  return variable === undefined ? undefined : nameOf(variable);
}

function nameOf({ name, attributes }: SourceNode): string {
  const shared = attributes.get("shared_name");
  return typeof shared === "string" && shared !== "" ? shared : name;
}
