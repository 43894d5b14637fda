import { isList, isObject, type Json, type JsonObject } from "../values/json.ts";
import { rememberedWith } from "../values/remembered.ts";
import { childNode, isMap, type SchemaNode } from "./schema-node.ts";

/**
 * What is left of a built-in object after a round trip through Go's types: empty lists and maps are gone, or null where the
 * type always prints them. The same object when nothing changes.
 */
export const compacted = rememberedWith((object: JsonObject, node: SchemaNode): JsonObject => {
  let result: Record<string, Json> | undefined;
  for (const key of Object.keys(object)) {
    const child = object[key];
    const schema = childNode(node, key);
    if (schema === undefined || typeof child !== "object" || child === null) continue;
    const next = isHollow(child, schema) ? null : compactedValue(child, schema);
    if (next === child) continue;
    result ??= { ...object };
    if (next === null && !node.required.includes(key)) delete result[key];
    else result[key] = next;
  }
  return result ?? object;
});

function compactedValue(value: Json, node: SchemaNode): Json {
  if (isObject(value)) return node.type === "object" ? compacted(value, node) : value;
  const { items } = node;
  if (!isList(value) || items === undefined) return value;
  const result = value.map((item) => compactedValue(item, items));
  return result.every((item, index) => item === value[index]) ? value : result;
}

const isHollow = (value: Json, node: SchemaNode): boolean =>
  isList(value) ? value.length === 0 : isObject(value) && isMap(node) && Object.keys(value).length === 0;
