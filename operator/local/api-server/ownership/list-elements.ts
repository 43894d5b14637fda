import type { SchemaNode } from "../schema/schema-node.ts";
import { badRequest } from "../values/api-error.ts";
import { isObject, type Json, type JsonObject } from "../values/json.ts";
import { memoizedWith } from "../values/memoized.ts";

/** The path element of an item of a list map or set. Throws 400 for an item without keys. */
export function itemElement(node: SchemaNode, item: Json): string {
  return node.listType === "map" ? keyElement(node, item) : `v:${JSON.stringify(item)}`;
}

function keyElement(node: SchemaNode, item: Json): string {
  if (!isObject(item)) throw badRequest("associative list with keys may not have non-map elements");
  return writtenKeys(item, node);
}

const writtenKeys = memoizedWith((item: JsonObject, node: SchemaNode): string => {
  const entries: [string, Json][] = [];
  for (const key of node.keys.toSorted()) {
    const value = item[key] ?? node.items?.fields.get(key)?.default;
    if (value !== undefined) entries.push([key, value]);
  }
  if (entries.length === 0) {
    throw badRequest(
      `associative list with keys has an element that omits key field ${JSON.stringify(node.keys[0])} (and doesn't have default value)`,
    );
  }
  return `k:${JSON.stringify(Object.fromEntries(entries))}`;
});

/** List items by path element, in list order; the first of several equal elements wins. */
export function itemsByElement(node: SchemaNode, list: readonly Json[]): ReadonlyMap<string, Json> {
  const items = new Map<string, Json>();
  for (const item of list) {
    const element = itemElement(node, item);
    if (!items.has(element)) items.set(element, item);
  }
  return items;
}

/** How a value is owned and merged: per field (`object`), per item (`list`) or as a whole (`leaf`). */
export type Shape = "object" | "list" | "leaf";

/** The shape of a value under its schema. */
export function shapeOf(node: SchemaNode, value: Json): Shape {
  if (node.atomic) return "leaf";
  if (isObject(value)) return node.type === "object" || node.type === "any" ? "object" : "leaf";
  if (Array.isArray(value)) return node.type === "array" ? "list" : "leaf";
  return "leaf";
}
