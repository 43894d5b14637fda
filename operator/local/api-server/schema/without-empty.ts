import { isList, isObject, type Json, type JsonObject } from "../values/json.ts";
import { memoizedWith } from "../values/memoized.ts";
import { childNode, isMap, type SchemaNode } from "./schema-node.ts";

/**
 * A built-in object as Go's `omitempty` leaves it: empty lists and maps are removed, or null where the field is required.
 * Returns the same object when nothing changes.
 */
export const withoutEmpty = memoizedWith((object: JsonObject, node: SchemaNode): JsonObject => {
  let result: Record<string, Json> | undefined;
  for (const key of Object.keys(object)) {
    const child = object[key];
    const schema = childNode(node, key);
    if (schema === undefined || typeof child !== "object" || child === null) continue;
    const next = isOmitted(child, schema) ? null : valueWithoutEmpty(child, schema);
    if (next === child) continue;
    result ??= { ...object };
    if (next === null && !node.required.includes(key)) delete result[key];
    else result[key] = next;
  }
  return result ?? object;
});

function valueWithoutEmpty(value: Json, node: SchemaNode): Json {
  if (isObject(value)) return node.type === "object" ? withoutEmpty(value, node) : value;
  const { items } = node;
  if (!isList(value) || items === undefined) return value;
  const result = value.map((item) => valueWithoutEmpty(item, items));
  return result.every((item, index) => item === value[index]) ? value : result;
}

const isOmitted = (value: Json, node: SchemaNode): boolean =>
  isList(value) ? value.length === 0 : isObject(value) && isMap(node) && Object.keys(value).length === 0;
