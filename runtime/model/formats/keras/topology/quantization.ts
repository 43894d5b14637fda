import { entriesOf, isObject, type Json, type JsonObject } from "./json-config.ts";

/**
 * How a layer's weights are quantized: `int8` is what `quantize("int8")` makes of Dense and Embedding, whole numbers with a float32
 * scale per unit or row; `other` no engine runs; `undefined`: not at all. `given` is the layer's config as in the file.
 */
export function quantization(className: string, given: JsonObject): "int8" | "other" | undefined {
  if (!isQuantized(given["dtype"] ?? null)) return undefined;
  const { mode, source_name: source } = objectAt(given["dtype"], "config");
  const isInt8 = mode === "int8" && source === "float32" && (given["lora_rank"] ?? null) === null;
  if (!isInt8) return "other";
  if (className === "Embedding") return "int8";
  return className === "Dense" && roundsByLargest(given["quantization_config"] ?? null) ? "int8" : "other";
}

/** Policies of quantized layers name the policy before; that of attention layers is a map from layers inside to policies. */
function isQuantized(dtype: Json): boolean {
  const { source_name: source, policy_map: policies } = objectAt(dtype, "config");
  return source !== undefined || (isObject(policies) && entriesOf(policies).some(([, policy]) => isQuantized(policy)));
}

/** Whether inputs are quantized by the largest magnitude in a row, to [-127, 127]; older files do not say so. */
function roundsByLargest(config: Json): boolean {
  if (config === null) return true;
  const quantizer = objectAt(objectAt(config, "config"), "activation_quantizer");
  const { value_range: range } = objectAt(quantizer, "config");
  const ends = isObject(range) ? range["items"] : range;
  return quantizer["class_name"] === "AbsMaxQuantizer" && JSON.stringify(ends) === "[-127,127]";
}

function objectAt(value: Json | undefined, key: string): JsonObject {
  const inner = isObject(value) ? value[key] : undefined;
  return isObject(inner) ? inner : {};
}
