import type { Json } from "./json.ts";

/** Metadata of an interned value. */
export interface InternRecord {
  /** Identifies the value in the keys of the values that contain it. */
  readonly id: string;
  /** Results of memoized functions, by function number. */
  readonly results: (MemoizedResult | undefined)[];
}

/** The last result of a memoized function, and the second argument that it was computed for. */
export interface MemoizedResult {
  readonly argument: unknown;
  readonly result: unknown;
}

/** Size at which the intern table is emptied and filled anew. */
const maxInterned = 50_000;

// A hidden property is several times faster than a WeakMap, which costs most during garbage collection.
const internRecord = Symbol("internRecord");

let table = new Map<string, object>();
let nextId = 0;

/** The intern record of a value; undefined when the value is not interned. */
export const internRecordOf = (value: object): InternRecord | undefined =>
  (value as { readonly [internRecord]?: InternRecord })[internRecord]; // set below

/** Whether `interned` returned this value. */
export const isInterned = (value: object): boolean => internRecordOf(value) !== undefined;

/**
 * The canonical copy of a JSON value (hash consing): equal values give the same object, so that functions of
 * `memoized.ts` compute each result once. Undefined members are dropped, as in JSON.
 */
export const interned = (value: unknown): Json =>
  typeof value === "object" && value !== null ? (internedObject(value) as Json) : scalar(value); // a copy of JSON

// JSON has no other values.
const scalar = (value: unknown): Json => (value ?? null) as Json;

function internedObject(value: object): object {
  if (internRecordOf(value) !== undefined) return value;
  return Array.isArray(value) ? internedList(value) : internedMembers(value);
}

function internedList(list: readonly unknown[]): object {
  const copy: unknown[] = [];
  let key = "[";
  for (const item of list) {
    const part = typeof item === "object" && item !== null ? internedObject(item) : scalar(item);
    copy.push(part);
    key += keyOf(part);
  }
  return intern(key, copy);
}

function internedMembers(object: object): object {
  const copy: Record<string, unknown> = {};
  let key = "{";
  const members = object as Readonly<Record<string, unknown>>; // not a list
  for (const name of Object.keys(members)) {
    const child = members[name];
    if (child === undefined) continue;
    const part = typeof child === "object" && child !== null ? internedObject(child) : scalar(child);
    copy[name] = part;
    key += `${name.length}:${name}${keyOf(part)}`;
  }
  return intern(key, copy);
}

function keyOf(part: unknown): string {
  if (typeof part === "string") return `"${part.length}:${part}`;
  if (typeof part === "object" && part !== null) return internRecordOf(part)?.id ?? "";
  return `=${String(part)},`;
}

function intern(key: string, value: object): object {
  const known = table.get(key);
  if (known !== undefined) return known;
  if (table.size >= maxInterned) table = new Map();
  const record: InternRecord = { id: `#${nextId++},`, results: [] };
  Object.defineProperty(value, internRecord, { value: record });
  table.set(key, value);
  return value;
}
