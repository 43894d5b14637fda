import { childNode, untyped, type SchemaNode } from "../schema/schema-node.ts";
import { equalJson, isList, isObject, listOf, objectOf, type Json, type JsonObject } from "../values/json.ts";
import { memoizedWeakly, memoizedWith } from "../values/memoized.ts";
import { fieldElement, mutableSet, insert, type FieldSet, type MutableFieldSet } from "./field-set.ts";
import { itemsByElement, shapeOf, type Shape } from "./list-elements.ts";

/** The fields that a change added, removed and modified. */
export interface Comparison {
  readonly added: FieldSet;
  readonly removed: FieldSet;
  readonly modified: FieldSet;
}

interface Walk {
  readonly added: MutableFieldSet;
  readonly removed: MutableFieldSet;
  readonly modified: MutableFieldSet;
  readonly path: string[];
}

/** Compares two versions of an object: a port of structured-merge-diff's typed/compare.go. */
export function comparison(before: JsonObject, after: JsonObject, node: SchemaNode): Comparison {
  return comparedWith(node)(after, before);
}

const comparedWith = memoizedWeakly((node: SchemaNode) =>
  memoizedWith((after: JsonObject, before: JsonObject): Comparison => {
    const walk: Walk = { added: mutableSet(), removed: mutableSet(), modified: mutableSet(), path: [] };
    compareObjects(walk, node, before, after);
    return walk;
  }),
);

function compare(walk: Walk, node: SchemaNode, before: Json | undefined, after: Json | undefined): void {
  if (before === after) return;
  const shape = commonShape(node, before, after);
  if (shape === "leaf") {
    compareLeaves(walk, before, after);
    return;
  }
  if (shape === "object") compareObjects(walk, node, objectOf(before), objectOf(after));
  else compareLists(walk, node, listOf(before), listOf(after));
  if (before === undefined) insert(walk.added, walk.path);
  else if (after === undefined) insert(walk.removed, walk.path);
}

// Missing and empty values are leaves, so that "empty" and "absent" differ. So are values of different shapes.
function commonShape(node: SchemaNode, before: Json | undefined, after: Json | undefined): Shape {
  if (isEmptyValue(before) && isEmptyValue(after)) return "leaf";
  const shape = shapeOf(node, after ?? before ?? null);
  // Null has any shape: Go prints a missing list or object without `omitempty` as null.
  const changes = !isNullish(before) && !isNullish(after) && shapeOf(node, before) !== shape;
  return changes ? "leaf" : shape;
}

function compareLeaves(walk: Walk, before: Json | undefined, after: Json | undefined): void {
  if (before === undefined) insert(walk.added, walk.path);
  else if (after === undefined) insert(walk.removed, walk.path);
  else if (!equalJson(before, after)) insert(walk.modified, walk.path);
}

function compareObjects(walk: Walk, node: SchemaNode, before: JsonObject, after: JsonObject): void {
  for (const key of Object.keys(before))
    descend(walk, fieldElement(key), childNode(node, key), [before[key], after[key]]);
  for (const key of Object.keys(after)) {
    if (!(key in before)) descend(walk, fieldElement(key), childNode(node, key), [undefined, after[key]]);
  }
}

function compareLists(walk: Walk, node: SchemaNode, before: readonly Json[], after: readonly Json[]): void {
  const left = itemsByElement(node, before);
  const right = itemsByElement(node, after);
  for (const [element, item] of left) descend(walk, element, node.items, [item, right.get(element)]);
  for (const [element, item] of right) {
    if (!left.has(element)) descend(walk, element, node.items, [undefined, item]);
  }
}

function descend(
  walk: Walk,
  element: string,
  node: SchemaNode | undefined,
  [before, after]: readonly [Json | undefined, Json | undefined],
): void {
  walk.path.push(element);
  compare(walk, node ?? untyped, before, after);
  walk.path.pop();
}

const isNullish = (value: Json | undefined): value is null | undefined => value === undefined || value === null;

function isEmptyValue(value: Json | undefined): boolean {
  if (isNullish(value)) return true;
  return isObject(value) ? Object.keys(value).length === 0 : isList(value) && value.length === 0;
}
