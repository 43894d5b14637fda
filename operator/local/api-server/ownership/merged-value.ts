import { childNode, untyped, type SchemaNode } from "../schema/schema-node.ts";
import { isList, isObject, type Json, type JsonObject } from "../values/json.ts";
import { emptySet, fieldElement, isEmpty, type FieldSet } from "./field-set.ts";
import { itemElement, itemsByElement, shapeOf } from "./list-elements.ts";

/** The live object with an applied configuration merged into it: a port of structured-merge-diff's typed/merge.go. */
export function mergedObject(live: JsonObject, applied: JsonObject, node: SchemaNode): JsonObject {
  let result: Record<string, Json> | undefined;
  for (const key of Object.keys(applied)) {
    const value = applied[key] ?? null;
    const before = live[key];
    const after = merged(before, value, childNode(node, key) ?? untyped);
    if (after === before) continue;
    result ??= { ...live };
    result[key] = after;
  }
  return result ?? live;
}

function merged(live: Json | undefined, applied: Json, node: SchemaNode): Json {
  // Null applied to an object or list that is merged per item sets nothing.
  if (applied === null && live !== undefined && live !== null && shapeOf(node, live) !== "leaf") return live;
  const shape = shapeOf(node, applied);
  if (shape === "object" && isObject(applied) && isObject(live)) return mergedObject(live, applied, node);
  if (shape === "list" && isList(applied) && isList(live)) return mergedList(live, applied, node);
  return applied;
}

// Applied items keep the applied order; other live items keep their position relative to the shared items.
function mergedList(live: readonly Json[], applied: readonly Json[], node: SchemaNode): readonly Json[] {
  const left = itemsByElement(node, live);
  const right = itemsByElement(node, applied);
  const result = mergedOrder([...left.keys()], [...right.keys()]).map((element) => {
    const before = left.get(element);
    const after = right.get(element);
    if (after === undefined) return before ?? null;
    return before === undefined ? after : merged(before, after, node.items ?? untyped);
  });
  return result.length === live.length && result.every((item, index) => item === live[index]) ? live : result;
}

function mergedOrder(left: readonly string[], right: readonly string[]): readonly string[] {
  const isLive = new Set(left);
  const isApplied = new Set(right);
  const shared = right.filter((element) => isLive.has(element));
  const order: string[] = [];
  const placed = new Set<string>();
  let sharedIndex = 0;
  let leftIndex = 0;
  let rightIndex = 0;
  const placeApplied = (element: string): void => {
    order.push(element);
    placed.add(element);
    rightIndex += 1;
    if (shared[sharedIndex] === element) sharedIndex += 1;
  };
  while (leftIndex < left.length || rightIndex < right.length) {
    const ours = left[leftIndex];
    const theirs = right[rightIndex];
    const nextShared = shared[sharedIndex];
    if (ours !== undefined && ours === theirs) {
      leftIndex += 1;
      placeApplied(ours);
    } else if (ours !== undefined && !isApplied.has(ours)) {
      leftIndex += 1;
      order.push(ours);
    } else if (ours !== undefined && (placed.has(ours) || (theirs !== undefined && nextShared !== ours))) {
      // A shared item that the applied order places elsewhere.
      leftIndex += 1;
    } else if (theirs !== undefined) {
      placeApplied(theirs);
    }
  }
  return order;
}

/** The object without the paths in `removed`; an object or list that becomes empty is removed (typed/remove.go). */
export function withoutPaths(value: JsonObject, removed: FieldSet, node: SchemaNode): JsonObject {
  if (isEmpty(removed)) return value;
  return objectWithout(value, removed, node) ?? {};
}

function objectWithout(value: JsonObject, removed: FieldSet, node: SchemaNode): JsonObject | undefined {
  const result: Record<string, Json> = {};
  let count = 0;
  for (const key of Object.keys(value)) {
    const child = value[key] ?? null;
    const below = removed.children.get(fieldElement(key)) ?? emptySet;
    if (below.self) continue;
    result[key] = isEmpty(below) ? child : valueWithout(child, below, childNode(node, key) ?? untyped);
    count += 1;
  }
  return count === 0 ? undefined : result;
}

function valueWithout(value: Json, removed: FieldSet, node: SchemaNode): Json {
  const shape = shapeOf(node, value);
  if (shape === "object" && isObject(value)) return objectWithout(value, removed, node) ?? null;
  if (shape === "list" && isList(value)) return listWithout(value, removed, node) ?? null;
  return isObject(value) || isList(value) ? null : value;
}

function listWithout(list: readonly Json[], removed: FieldSet, node: SchemaNode): readonly Json[] | undefined {
  const result: Json[] = [];
  for (const item of list) {
    const below = removed.children.get(itemElement(node, item)) ?? emptySet;
    if (below.self) continue;
    result.push(isEmpty(below) ? item : valueWithout(item, below, node.items ?? untyped));
  }
  return result.length === 0 ? undefined : result;
}
