import {
  byte,
  type Cursor,
  isUnescaped,
  peekByte,
  readString,
  readValue,
  skipString,
  skipValue,
} from "./json-bytes.ts";

/** A set-associative cache of values by hash. A new value evicts another of its set: nothing tells which are still in use. */
interface Pool<T> {
  /** The value with this hash for which `isMatch` holds. */
  find(hash: number, isMatch: (value: T) => boolean): T | undefined;
  add(hash: number, value: T): void;
}

const initialSlots = 1_024;
/** Slots of a set: values whose hashes have equal low bits. */
const ways = 4;

/** An empty pool. It doubles when half full, up to `maxSlots`. */
function createPool<T>(maxSlots: number): Pool<T> {
  let values = Array.from<T | undefined>({ length: initialSlots });
  let hashes = new Int32Array(initialSlots);
  let count = 0;
  const grow = (): void => {
    const [oldValues, oldHashes] = [values, hashes];
    values = Array.from<T | undefined>({ length: oldValues.length * 2 });
    hashes = new Int32Array(values.length);
    count = 0;
    for (const [slot, hash] of oldHashes.entries()) {
      const value = oldValues[slot];
      if (value !== undefined) put(hash, value);
    }
  };
  const setStart = (hash: number): number => (hash & (values.length / ways - 1)) * ways;
  const put = (hash: number, value: T): void => {
    const first = setStart(hash);
    let slot = first;
    while (slot < first + ways && values[slot] !== undefined) slot += 1;
    // The set is full: evict a pseudo-random entry.
    if (slot === first + ways) slot = first + ((hash >>> 24) & (ways - 1));
    else count += 1;
    values[slot] = value;
    hashes[slot] = hash;
  };
  return {
    find(hash, isMatch) {
      const first = setStart(hash);
      for (let slot = first; slot < first + ways; slot += 1) {
        const value = hashes[slot] === hash ? values[slot] : undefined;
        if (value !== undefined && isMatch(value)) return value;
      }
      return undefined;
    },
    add(hash, value) {
      if (count * 2 >= values.length && values.length < maxSlots) grow();
      put(hash, value);
    },
  };
}

/** Names, owners' UIDs, types, reasons, images, times. Sized above the number of repeated ones in a large cluster. */
const strings = createPool<string>(131_072);
/** Selectors, ports, resource requests. Values that occur in one object only are soon evicted. */
const composites = createPool<object>(8_192);

/** The first value that is equal to this one: equal values are stored once. */
export function internedValue(value: unknown): unknown {
  if (typeof value === "string") return internedString(value);
  if (typeof value !== "object" || value === null) return value;
  const text = JSON.stringify(value);
  const hash = hashOfText(text);
  const known = composites.find(hash, (other) => JSON.stringify(other) === text);
  if (known !== undefined) return known;
  composites.add(hash, value);
  return value;
}

/** The first string that is equal to this one: equal strings are stored once. */
export function internedString(text: string): string {
  const hash = hashOfText(text);
  const known = strings.find(hash, (other) => other === text);
  if (known !== undefined) return known;
  strings.add(hash, text);
  return text;
}

/** Reads the value at the cursor as an interned one; a known value is found by its bytes, without parsing. */
export function readInterned(cursor: Cursor): unknown {
  const first = peekByte(cursor);
  if (first === byte.quote) return readInternedString(cursor);
  const begin = cursor.at;
  skipValue(cursor);
  const { bytes, at: end } = cursor;
  if (first !== byte.openBrace && first !== byte.openBracket) return JSON.parse(bytes.toString("latin1", begin, end));
  const hash = hashOfBytes(bytes, begin, end);
  const known = composites.find(hash, (other) => matchesNext({ bytes, at: begin }, other));
  if (known !== undefined) return known;
  const value = internStrings(JSON.parse(bytes.toString("utf8", begin, end))) as object; // between braces or brackets
  composites.add(hash, value);
  return value;
}

/** Reads the value at the cursor as a new one; short strings within an object or array are interned. */
export function readInterningStrings(cursor: Cursor): unknown {
  const first = peekByte(cursor);
  const value = readValue(cursor);
  return first === byte.quote ? value : internStrings(value);
}

function readInternedString(cursor: Cursor): string {
  const begin = cursor.at;
  if (!skipString(cursor)) {
    cursor.at = begin;
    return readString(cursor);
  }
  const { bytes, at } = cursor;
  const hash = hashOfBytes(bytes, begin + 1, at - 1);
  const known = strings.find(hash, (other) => stringMatchesNext({ bytes, at: begin }, other));
  if (known !== undefined) return known;
  const text = bytes.toString("latin1", begin + 1, at - 1);
  strings.add(hash, text);
  return text;
}

/** Longer strings are model metadata or error messages, which hardly repeat. */
export const maxInternedLength = 128;

/** Interns the short strings of a value, in place: kinds and names repeat even where the values differ. */
function internStrings(value: unknown): unknown {
  if (typeof value === "string") return value.length > maxInternedLength ? value : internedString(value);
  if (typeof value !== "object" || value === null) return value;
  const members = value as { [name: string]: unknown }; // or an array, whose indexes are names
  for (const name in members) {
    const member = members[name];
    // Set without comparing: equal strings cannot be told apart.
    if (typeof member === "string" || typeof member === "object") members[name] = internStrings(member);
  }
  return value;
}

/** Whether the next bytes are this value as API servers write it: without white space, members in the same order. */
function matchesNext(cursor: Cursor, known: unknown): boolean {
  if (typeof known === "string") return stringMatchesNext(cursor, known);
  if (typeof known !== "object" || known === null) return bytesMatchNext(cursor, String(known));
  return Array.isArray(known) ? entriesMatchNext(cursor, known) : membersMatchNext(cursor, known);
}

function entriesMatchNext(cursor: Cursor, known: readonly unknown[]): boolean {
  let separator = "[";
  for (const entry of known) {
    if (!bytesMatchNext(cursor, separator) || !matchesNext(cursor, entry)) return false;
    separator = ",";
  }
  return bytesMatchNext(cursor, separator === "[" ? "[]" : "]");
}

function membersMatchNext(cursor: Cursor, known: object): boolean {
  const members = known as { readonly [name: string]: unknown }; // not an array
  let separator = "{";
  for (const name in members) {
    if (!bytesMatchNext(cursor, separator) || !stringMatchesNext(cursor, name)) return false;
    if (!bytesMatchNext(cursor, ":") || !matchesNext(cursor, members[name])) return false;
    separator = ",";
  }
  return bytesMatchNext(cursor, separator === "{" ? "{}" : "}");
}

/** Always false for strings with escapes or characters beyond ASCII. */
function stringMatchesNext(cursor: Cursor, text: string): boolean {
  const { bytes, at } = cursor;
  const { length } = text;
  if (bytes[at] !== byte.quote || bytes[at + length + 1] !== byte.quote) return false;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (bytes[at + 1 + index] !== code || !isUnescaped(code)) return false;
  }
  cursor.at = at + length + 2;
  return true;
}

function bytesMatchNext(cursor: Cursor, text: string): boolean {
  const { bytes, at } = cursor;
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  cursor.at = at + text.length;
  return true;
}

// FNV-1a (Fowler, Noll, Vo). An ASCII string and its bytes have the same hash.
const offsetBasis = 0x81_1c_9d_c5;
const prime = 16_777_619;

function hashOfText(text: string): number {
  let hash = offsetBasis;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), prime);
  return mixed(hash);
}

function hashOfBytes(bytes: Buffer, begin: number, end: number): number {
  let hash = offsetBasis;
  for (let index = begin; index < end; index += 1) hash = Math.imul(hash ^ (bytes[index] ?? 0), prime);
  return mixed(hash);
}

/** Mixes the high bits into the low ones, which choose the set. */
function mixed(hash: number): number {
  return hash ^ (hash >>> 15);
}
