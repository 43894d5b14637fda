import { entriesOf, isObject, type Json, type JsonObject, textAt } from "./json-config.ts";

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

/** The layer in a SpectralNormalization, under the wrapper's name: its stored kernel is the normalised one. */
export function withoutSpectralNormalization(layer: JsonObject): JsonObject {
  const { config } = layer;
  if (textAt(layer, "class_name") !== "SpectralNormalization" || !isObject(config)) return layer;
  const { layer: inner } = config;
  if (!isObject(inner) || !isObject(inner["config"])) return layer;
  const name = textAt(layer, "name") ?? textAt(config, "name") ?? "";
  const { class_name: className, module = null, registered_name: registered = null } = inner;
  return {
    ...layer,
    class_name: className ?? null,
    module,
    registered_name: registered,
    config: { ...inner["config"], name },
  };
}

function without(config: JsonObject, keys: readonly string[]): JsonObject {
  const entries: [string, Json][] = entriesOf(config).filter(([key]) => !keys.includes(key));
  return Object.fromEntries(entries);
}
