import { entriesOf, isList, isObject, type Json, type JsonObject, textAt } from "../json-config.ts";

/** Boolean call arguments that engines take as options of the layer. */
const flags: readonly string[] = ["use_causal_mask", "return_attention_scores"];

/** Moves call arguments of attention layers to options: `use_causal_mask`, `return_attention_scores`, `has_attention_mask`. */
export function withAttentionOptions(layers: readonly JsonObject[]): readonly JsonObject[] {
  return layers.map((layer) => (classes.has(textAt(layer, "class_name") ?? "") ? withOptions(layer) : layer));
}

const classes: ReadonlySet<string> = new Set([
  "MultiHeadAttention",
  "GroupQueryAttention",
  "GroupedQueryAttention",
  "Attention",
  "AdditiveAttention",
]);

function withOptions(layer: JsonObject): JsonObject {
  const { inbound_nodes: calls, config } = layer;
  if (!isList(calls) || !isObject(config)) return layer;
  const [first, ...others] = calls.map(optionsOf);
  const isAlike = others.every((options) => JSON.stringify(options) === JSON.stringify(first));
  if (first === undefined || !isAlike) return layer;
  return { ...layer, config: { ...config, ...first }, inbound_nodes: calls.map(withoutFlags) };
}

function optionsOf(call: Json): JsonObject {
  const kwargs = isObject(call) && isObject(call["kwargs"]) ? call["kwargs"] : {};
  const given = flags.filter((name) => kwargs[name] === true).map((name) => [name, true] as const);
  const hasMask = isObject(kwargs["attention_mask"]) ? { has_attention_mask: true } : {};
  return { ...Object.fromEntries(given), ...hasMask };
}

function withoutFlags(call: Json): Json {
  if (!isObject(call) || !isObject(call["kwargs"])) return call;
  const kwargs = Object.fromEntries(entriesOf(call["kwargs"]).filter(([name]) => !flags.includes(name)));
  return { ...call, kwargs };
}
