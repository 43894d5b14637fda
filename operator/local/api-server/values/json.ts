/** A JSON value. Versions of an object in the store share values, so no value is ever mutated. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object, never mutated: versions of an object share their common parts. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Whether a value is a JSON object: not null and not a list. */
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a value is a list. */
export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** The value if it is a string, else "". */
export const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");

const noObject: JsonObject = {};
const noList: readonly Json[] = [];

/** The value if it is an object, else an empty one. */
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : noObject);

/** The value if it is a list, else an empty one. */
export const listOf = (value: Json | undefined): readonly Json[] => (isList(value) ? value : noList);

/** The value if it is a number, else undefined. */
export const numberOf = (value: Json | undefined): number | undefined =>
  typeof value === "number" ? value : undefined;

/** A scalar as plain text, anything else as JSON; "" for null and undefined. */
export function printed(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The value at a path of object keys; undefined when a key is missing. */
export function valueAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  let current = value;
  for (const key of path) {
    if (!isObject(current)) return undefined;
    current = current[key];
  }
  return current;
}

/** The object without these keys; the same object when it has none of them. */
export function without(object: JsonObject, ...keys: readonly string[]): JsonObject {
  if (!keys.some((key) => key in object)) return object;
  const rest: Record<string, Json> = {};
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value !== undefined && !keys.includes(key)) rest[key] = value;
  }
  return rest;
}

/** The object with `value` under `key`, or without the key when the value is undefined; the same object when equal. */
export function replaced(object: JsonObject, key: string, value: Json | undefined): JsonObject {
  if (value === undefined) return without(object, key);
  return object[key] === value ? object : { ...object, [key]: value };
}

/** The object with `value` at a path of keys; missing objects on the path are created. */
export function replacedAt(object: JsonObject, path: readonly string[], value: Json | undefined): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return object;
  if (rest.length === 0) return replaced(object, key, value);
  return replaced(object, key, replacedAt(objectOf(object[key]), rest, value));
}

/** Deep equality; identical references are equal without a traversal. */
export function equalJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (isList(left)) {
    if (!isList(right) || left.length !== right.length) return false;
    return left.every((item, index) => equalJson(item, right[index]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => key in right && equalJson(left[key], right[key]));
}
