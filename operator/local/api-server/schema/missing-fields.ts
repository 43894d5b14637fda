import { isList, isObject, type Json } from "../values/json.ts";
import { childNode, type SchemaNode } from "./schema-node.ts";

/** Paths of required fields of a built-in object that are missing. Empty strings count, for Go prints absent ones so. */
export function missingFields(value: Json, node: SchemaNode, path = ""): readonly string[] {
  if (node.type === "any") return [];
  if (isList(value)) {
    const { items } = node;
    return items === undefined ? [] : value.flatMap((item, index) => missingFields(item, items, `${path}[${index}]`));
  }
  if (!isObject(value)) return [];
  const place = (key: string): string => (path === "" ? key : `${path}.${key}`);
  const own = node.required.filter((key) => value[key] === undefined).map(place);
  const below = Object.entries(value).flatMap(([key, child]) => {
    const schema = childNode(node, key);
    return schema === undefined || typeof child !== "object" ? [] : missingFields(child, schema, place(key));
  });
  return [...own, ...below];
}
