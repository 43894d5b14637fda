import type { Json } from "./json.ts";

/** What is known of a value that all equal ones share. */
export interface Memory {
  /** What stands for the value in the key of what holds it. */
  readonly mark: string;
  /** Results of `remembered` functions, by their numbers. */
  readonly results: (Result | undefined)[];
}

/** A result, and for whom it was worked out. */
export interface Result {
  readonly where: unknown;
  readonly result: unknown;
}

/** Values that are shared; beyond this all are forgotten and the next ones are shared. */
const mostShared = 50_000;

// A hidden property is several times faster than a WeakMap, which costs most when garbage is collected.
const memory = Symbol("memory");

let shared = new Map<string, object>();
let marks = 0;

/** What is known of a value; undefined: it is not one that `interned` gave. */
export const memoryOf = (value: object): Memory | undefined => (value as { readonly [memory]?: Memory })[memory]; // set below

/**
 * The value as JSON would read it back (what is undefined goes), as a copy that all equal values share: what is
 * remembered of one (`remembered.ts`) is known of all.
 */
export const interned = (value: unknown): Json =>
  typeof value === "object" && value !== null ? (sharedCopy(value) as Json) : scalar(value); // a copy of JSON

// JSON has no other values.
const scalar = (value: unknown): Json => (value ?? null) as Json;

function sharedCopy(value: object): object {
  if (memoryOf(value) !== undefined) return value;
  return Array.isArray(value) ? sharedList(value) : sharedRecord(value);
}

function sharedList(list: readonly unknown[]): object {
  const copy: unknown[] = [];
  let key = "[";
  for (const item of list) {
    const part = typeof item === "object" && item !== null ? sharedCopy(item) : scalar(item);
    copy.push(part);
    key += keyOf(part);
  }
  return share(key, copy);
}

function sharedRecord(record: object): object {
  const copy: Record<string, unknown> = {};
  let key = "{";
  const members = record as Readonly<Record<string, unknown>>; // an object that is no list
  for (const name of Object.keys(members)) {
    const child = members[name];
    if (child === undefined) continue;
    const part = typeof child === "object" && child !== null ? sharedCopy(child) : scalar(child);
    copy[name] = part;
    key += `${name.length}:${name}${keyOf(part)}`;
  }
  return share(key, copy);
}

function keyOf(part: unknown): string {
  if (typeof part === "string") return `"${part.length}:${part}`;
  if (typeof part === "object" && part !== null) return memoryOf(part)?.mark ?? "";
  return `=${String(part)},`;
}

function share(key: string, value: object): object {
  const known = shared.get(key);
  if (known !== undefined) return known;
  if (shared.size >= mostShared) shared = new Map();
  const own: Memory = { mark: `#${marks++},`, results: [] };
  Object.defineProperty(value, memory, { value: own });
  shared.set(key, value);
  return value;
}
