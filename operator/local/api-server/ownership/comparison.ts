import { childNode, untyped, type SchemaNode } from "../schema/schema-node.ts";
import { equalJson, isList, isObject, listOf, objectOf, type Json, type JsonObject } from "../values/json.ts";
import { rememberedOfFew, rememberedWith } from "../values/remembered.ts";
import { fieldElement, growingSet, insert, type FieldSet, type GrowingFieldSet } from "./field-set.ts";
import { itemsByElement, shapeOf, type Shape } from "./list-elements.ts";

/** Which places a change added, removed and gave another value. */
export interface Comparison {
  readonly added: FieldSet;
  readonly removed: FieldSet;
  readonly modified: FieldSet;
}

interface Walk {
  readonly added: GrowingFieldSet;
  readonly removed: GrowingFieldSet;
  readonly modified: GrowingFieldSet;
  readonly path: string[];
}

/** Port of the comparison of sigs.k8s.io/structured-merge-diff (typed/compare.go). */
export function comparison(before: JsonObject, after: JsonObject, node: SchemaNode): Comparison {
  return comparedWith(node)(after, before);
}

const comparedWith = rememberedOfFew((node: SchemaNode) =>
  rememberedWith((after: JsonObject, before: JsonObject): Comparison => {
    const walk: Walk = { added: growingSet(), removed: growingSet(), modified: growingSet(), path: [] };
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

// Nothing and empty count as leaves, so that "empty" and "absent" stay apart; so do values of different shapes.
function commonShape(node: SchemaNode, before: Json | undefined, after: Json | undefined): Shape {
  if (isHollow(before) && isHollow(after)) return "leaf";
  const shape = shapeOf(node, after ?? before ?? null);
  // Null takes any shape: it is how a list or object that is always printed looks when it is not there.
  const changes = !isNothing(before) && !isNothing(after) && shapeOf(node, before) !== shape;
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

const isNothing = (value: Json | undefined): value is null | undefined => value === undefined || value === null;

function isHollow(value: Json | undefined): boolean {
  if (isNothing(value)) return true;
  return isObject(value) ? Object.keys(value).length === 0 : isList(value) && value.length === 0;
}
