import { childNode, untyped, type SchemaNode } from "../schema/schema-node.ts";
import { isList, isObject, type Json, type JsonObject } from "../values/json.ts";
import { memoizedWith } from "../values/memoized.ts";
import { emptySet, fieldElement, isEmpty, selfOnly, union, type FieldSet } from "./field-set.ts";
import { itemElement, shapeOf } from "./list-elements.ts";

/** The fields that an applied configuration sets: a port of structured-merge-diff's typed/tofieldset.go. */
export const ownedFields = (configuration: JsonObject, node: SchemaNode): FieldSet => fieldsAt(configuration, node);

function fieldsAt(value: Json, node: SchemaNode): FieldSet {
  switch (shapeOf(node, value)) {
    case "leaf":
      return selfOnly;
    case "object":
      return isObject(value) ? fieldsOfObject(value, node) : emptySet;
    case "list":
      return isList(value) ? fieldsOfList(value, node) : emptySet;
  }
}

const fieldsOfObject = memoizedWith((value: JsonObject, node: SchemaNode): FieldSet => {
  const children = new Map<string, FieldSet>();
  for (const key of Object.keys(value)) {
    const child = value[key] ?? null;
    const below = fieldsAt(child, childNode(node, key) ?? untyped);
    const isEmptyValue = child === null || (isObject(child) && Object.keys(child).length === 0);
    const fields = isEmptyValue || !node.fields.has(key) ? withSelf(below) : below;
    if (!isEmpty(fields)) children.set(fieldElement(key), fields);
  }
  return { self: false, children };
});

const fieldsOfList = memoizedWith((list: readonly Json[], node: SchemaNode): FieldSet => {
  const children = new Map<string, FieldSet>();
  for (const item of list) {
    const element = itemElement(node, item);
    children.set(element, union(children.get(element) ?? emptySet, withSelf(fieldsAt(item, node.items ?? untyped))));
  }
  return { self: false, children };
});

const withSelf = (set: FieldSet): FieldSet => {
  if (set.self) return set;
  return set.children.size === 0 ? selfOnly : { self: true, children: set.children };
};

/** The set with the declared fields on the way to its paths added (EnsureNamedFieldsAreMembers); map keys and list items are not. */
export function withNamedFields(set: FieldSet & { [named]?: Named }, node: SchemaNode | undefined): FieldSet {
  if (set.children.size === 0) return set;
  const known = set[named];
  if (known !== undefined && known.node === node) return known.set;
  const grown = grownByNames(set, node);
  set[named] = { node, set: grown };
  return grown;
}

/** Caches the last result for a set. */
const named = Symbol("named");

interface Named {
  readonly node: SchemaNode | undefined;
  readonly set: FieldSet;
}

function grownByNames(set: FieldSet, node: SchemaNode | undefined): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const isField = element.startsWith("f:");
    const key = element.slice(2);
    const below = nodeBelow(node, isField ? key : undefined);
    const grown = withNamedFields(child, below);
    const isNamed = isField && node?.fields.has(key) === true && child.children.size > 0;
    children.set(element, isNamed && !grown.self ? { self: true, children: grown.children } : grown);
  }
  return { self: set.self, children };
}

function nodeBelow(node: SchemaNode | undefined, key: string | undefined): SchemaNode | undefined {
  if (node === undefined) return undefined;
  return key === undefined ? node.items : childNode(node, key);
}
