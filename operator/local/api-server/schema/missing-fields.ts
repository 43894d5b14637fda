import { isList, isObject, type Json, type JsonObject } from "../values/json.ts";
import { isInterned } from "../values/interned.ts";
import { memoizedWith } from "../values/memoized.ts";
import { childNode, type SchemaNode } from "./schema-node.ts";

/** Paths of the required fields that a built-in object lacks. An empty string is present: Go prints absent strings as "". */
export function missingFields(value: Json, node: SchemaNode, path = ""): readonly string[] {
  if (node.type === "any") return [];
  if (isList(value)) {
    const { items } = node;
    return items === undefined ? [] : value.flatMap((item, index) => missingFields(item, items, `${path}[${index}]`));
  }
  if (!isObject(value)) return [];
  return isInterned(value) && isComplete(value, node) ? [] : missingInside(value, node, path);
}

const isComplete = memoizedWith((value: JsonObject, node: SchemaNode) => missingInside(value, node, "").length === 0);

function missingInside(value: JsonObject, node: SchemaNode, path: string): readonly string[] {
  const place = (key: string): string => (path === "" ? key : `${path}.${key}`);
  const own = node.required.filter((key) => value[key] === undefined).map(place);
  const below = Object.keys(value).flatMap((key) => {
    const [schema, child] = [childNode(node, key), value[key]];
    return schema === undefined || typeof child !== "object" ? [] : missingFields(child, schema, place(key));
  });
  return [...own, ...below];
}
