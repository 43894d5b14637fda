import { isObject, type Json, type JsonObject } from "../values/json.ts";

/**
 * A set of places in an object, as a tree. Each key is a path element in the notation of FieldsV1: `f:name` for a field,
 * `k:{"name":"x"}` for an item of a list map, `v:"x"` for a member of a set.
 */
export interface FieldSet {
  /** The place itself is in the set, not only places below it. */
  readonly self: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

/** A set of fields while it is put together. */
export interface GrowingFieldSet extends FieldSet {
  self: boolean;
  readonly children: Map<string, GrowingFieldSet>;
}

const noChildren: ReadonlyMap<string, FieldSet> = new Map();
/** No fields. */
export const emptySet: FieldSet = { self: false, children: noChildren };
/** The place alone. */
export const selfOnly: FieldSet = { self: true, children: noChildren };

/** An empty set that fields can be added to. */
export const growingSet = (): GrowingFieldSet => ({ self: false, children: new Map() });

/** A field's name as fieldsV1 writes it. */
export const fieldElement = (name: string): string => `f:${name}`;

/** Whether there is no field in a set. */
export const isEmpty = (set: FieldSet): boolean => !set.self && set.children.size === 0;

/** Adds the place at `path`. */
export function insert(set: GrowingFieldSet, path: readonly string[]): void {
  let current = set;
  for (const element of path) {
    let next = current.children.get(element);
    if (next === undefined) {
      next = growingSet();
      current.children.set(element, next);
    }
    current = next;
  }
  current.self = true;
}

/** The set of these paths, each a list of field names. */
export const setOf = (...paths: readonly (readonly string[])[]): FieldSet => {
  const set = growingSet();
  for (const path of paths) insert(set, path.map(fieldElement));
  return set;
};

/** Fields that are in either set; one of the two itself where that is all. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || isEmpty(right)) return left;
  if (isEmpty(left)) return right;
  const children = new Map(left.children);
  for (const [element, child] of right.children) {
    const mine = children.get(element);
    children.set(element, mine === undefined ? child : union(mine, child));
  }
  return { self: left.self || right.self, children };
}

/** Fields that are in both sets. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right) return left;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    if (other !== undefined) keep(children, element, intersection(child, other));
  }
  return { self: left.self && right.self, children };
}

/** Places of `left` that are not in `right`, place by place: a place below one of `right` stays. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right) return emptySet;
  if (isEmpty(right)) return left;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    keep(children, element, other === undefined ? child : difference(child, other));
  }
  return { self: left.self && !right.self, children };
}

/** Places of `left` that are neither in `right` nor below a place of `right`. */
export function outside(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmpty(right)) return left;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    if (other?.self === true) continue;
    keep(children, element, other === undefined ? child : outside(child, other));
  }
  return { self: left.self, children };
}

function keep(children: Map<string, FieldSet>, element: string, set: FieldSet): void {
  if (!isEmpty(set)) children.set(element, set);
}

/** Whether two sets have the same fields. */
export function equalSets(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true;
  if (left.self !== right.self || left.children.size !== right.children.size) return false;
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    if (other === undefined || !equalSets(child, other)) return false;
  }
  return true;
}

/** Every place of the set, as lists of elements: at each level the places themselves come before those below them. */
export function placesOf(set: FieldSet, path: readonly string[] = []): readonly (readonly string[])[] {
  const elements = sortedElements(set);
  const here = elements
    .filter((element) => set.children.get(element)?.self === true)
    .map((element) => [...path, element]);
  const below = elements.flatMap((element) => placesOf(set.children.get(element) ?? emptySet, [...path, element]));
  return [...here, ...below];
}

/** `managedFields[].fieldsV1` of a set. */
export function fieldsV1(set: FieldSet & { [writtenAs]?: JsonObject }): JsonObject {
  set[writtenAs] ??= written(set);
  return set[writtenAs];
}

/** The JSON of a set that was written before. */
const writtenAs = Symbol("fieldsV1");

function written(set: FieldSet): JsonObject {
  const fields: Record<string, Json> = {};
  if (set.self) fields["."] = {};
  for (const element of sortedElements(set)) {
    const child = set.children.get(element) ?? emptySet;
    fields[element] = child.children.size === 0 ? {} : fieldsV1(child);
  }
  return fields;
}

/** Reads fieldsV1 of `managedFields`; what is no object there is no field. */
export function setOfFieldsV1(fields: Json | undefined): FieldSet {
  const children = new Map<string, FieldSet>();
  if (!isObject(fields)) return emptySet;
  for (const [element, below] of Object.entries(fields)) {
    if (element === ".") continue;
    const child = setOfFieldsV1(below);
    children.set(element, isEmpty(child) ? selfOnly : child);
  }
  return { self: "." in fields, children };
}

/** `.spec.containers[name="x"].image`, as conflicts name a place. */
export const printedPlace = (path: readonly string[]): string => path.map(printedElement).join("");

function printedElement(element: string): string {
  const written = element.slice(2);
  switch (element[0]) {
    case "f":
      return `.${written}`;
    case "k": {
      const keys = JSON.parse(written) as JsonObject; // written by `keyElement` or checked as JSON when it was decoded
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(",")}]`;
    }
    case "v":
      return `[=${written}]`;
    default:
      return `[${written}]`;
  }
}

const order = ["f", "k", "v", "i"];

function sortedElements(set: FieldSet): readonly string[] {
  return [...set.children.keys()].sort((left, right) => {
    const byType = order.indexOf(left[0] ?? "") - order.indexOf(right[0] ?? "");
    if (byType !== 0) return byType;
    if (left === right) return 0;
    return left < right ? -1 : 1;
  });
}
