import { entriesOf, type Json, type JsonObject } from "./json-config.ts";

/** A layer's class and options for the engine. */
export interface RewrittenLayer {
  readonly className: string;
  readonly config: JsonObject;
}

/** Rewrites layers that the engine has under another class. */
export function rewrittenLayer(className: string, config: JsonObject): RewrittenLayer {
  // The default of Keras since 2.0.
  if ((className === "GRU" || className === "GRUCell") && config["reset_after"] === true) {
    const name = className === "GRU" ? "GRUResetAfter" : "GRUResetAfterCell";
    return { className: name, config: without(config, ["reset_after"]) };
  }
  // `.keras` files name its class differently.
  if (className === "GroupedQueryAttention") return { className: "GroupQueryAttention", config };
  if (className === "SeparableConv2D") {
    return { className, config: without(config, ["kernel_initializer", "kernel_regularizer", "kernel_constraint"]) };
  }
  return { className, config };
}

function without(config: JsonObject, keys: readonly string[]): JsonObject {
  const entries: [string, Json][] = entriesOf(config).filter(([key]) => !keys.includes(key));
  return Object.fromEntries(entries);
}
