import { childNode, untyped, type SchemaNode } from "../schema/schema-node.ts";
import { isList, isObject, type Json, type JsonObject } from "../values/json.ts";
import { fieldElement, growingSet, insert, type FieldSet, type GrowingFieldSet } from "./field-set.ts";
import { itemElement, shapeOf } from "./list-elements.ts";

/** The places that an applied configuration claims. Port of structured-merge-diff's typed/tofieldset.go. */
export function ownedFields(configuration: JsonObject, node: SchemaNode): FieldSet {
  const set = growingSet();
  collect(set, node, configuration, []);
  return set;
}

function collect(set: GrowingFieldSet, node: SchemaNode, value: Json, path: readonly string[]): void {
  switch (shapeOf(node, value)) {
    case "leaf":
      insert(set, path);
      return;
    case "object":
      if (isObject(value)) collectFields(set, node, value, path);
      return;
    case "list":
      if (isList(value)) collectItems(set, node, value, path);
  }
}

function collectFields(set: GrowingFieldSet, node: SchemaNode, value: JsonObject, path: readonly string[]): void {
  for (const [key, child] of Object.entries(value)) {
    const place = [...path, fieldElement(key)];
    collect(set, childNode(node, key) ?? untyped, child, place);
    const isHollow = child === null || (isObject(child) && Object.keys(child).length === 0);
    if (isHollow || !node.fields.has(key)) insert(set, place);
  }
}

function collectItems(set: GrowingFieldSet, node: SchemaNode, list: readonly Json[], path: readonly string[]): void {
  for (const item of list) {
    const place = [...path, itemElement(node, item)];
    collect(set, node.items ?? untyped, item, place);
    insert(set, place);
  }
}

/** The set with every named field on the way to its places added; keys of maps and items of lists are not. */
export function withNamedFields(set: FieldSet, node: SchemaNode | undefined): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const isField = element.startsWith("f:");
    const key = element.slice(2);
    const below = nodeBelow(node, isField ? key : undefined);
    const grown = withNamedFields(child, below);
    const isNamed = isField && node?.fields.has(key) === true && child.children.size > 0;
    children.set(element, isNamed && !grown.self ? { ...grown, self: true } : grown);
  }
  return { self: set.self, children };
}

function nodeBelow(node: SchemaNode | undefined, key: string | undefined): SchemaNode | undefined {
  if (node === undefined) return undefined;
  return key === undefined ? node.items : childNode(node, key);
}
