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

/** Values by a hash. Each has few places, and gives way to others of those places: nobody tells which are still needed. */
interface Pool<T> {
  /** Those that have this hash. */
  find(hash: number, isIt: (value: T) => boolean): T | undefined;
  keep(hash: number, value: T): void;
}

const firstPlaces = 1_024;
/** Places for values whose hashes end alike, side by side. */
const ways = 4;

/** Doubles as it fills: as large as what was met, up to this many places. */
function createPool<T>(maxPlaces: number): Pool<T> {
  let values = Array.from<T | undefined>({ length: firstPlaces });
  let hashes = new Int32Array(firstPlaces);
  let count = 0;
  const grow = (): void => {
    const [oldValues, oldHashes] = [values, hashes];
    values = Array.from<T | undefined>({ length: oldValues.length * 2 });
    hashes = new Int32Array(values.length);
    count = 0;
    for (const [place, hash] of oldHashes.entries()) {
      const value = oldValues[place];
      if (value !== undefined) put(hash, value);
    }
  };
  const firstPlace = (hash: number): number => (hash & (values.length / ways - 1)) * ways;
  const put = (hash: number, value: T): void => {
    const first = firstPlace(hash);
    let place = first;
    while (place < first + ways && values[place] !== undefined) place += 1;
    // All taken: the one that has to go is as good as any.
    if (place === first + ways) place = first + ((hash >>> 24) & (ways - 1));
    else count += 1;
    values[place] = value;
    hashes[place] = hash;
  };
  return {
    find(hash, isIt) {
      const first = firstPlace(hash);
      for (let place = first; place < first + ways; place += 1) {
        const value = hashes[place] === hash ? values[place] : undefined;
        if (value !== undefined && isIt(value)) return value;
      }
      return undefined;
    },
    keep(hash, value) {
      if (count * 2 >= values.length && values.length < maxPlaces) grow();
      put(hash, value);
    },
  };
}

/** Names, UIDs of owners, types, reasons, images, times: more than a large cluster has of those that come more than once. */
const texts = createPool<string>(131_072);
/** Selectors, ports, requests of resources; those that every object has of its own pass through. */
const composites = createPool<object>(8_192);

/** The first of all values equal to this one, whoever met it. */
export function internedValue(value: unknown): unknown {
  if (typeof value === "string") return internedString(value);
  if (typeof value !== "object" || value === null) return value;
  const text = JSON.stringify(value);
  const hash = hashOfText(text);
  const known = composites.find(hash, (other) => JSON.stringify(other) === text);
  if (known !== undefined) return known;
  composites.keep(hash, value);
  return value;
}

/** The first of all texts that say the same: of what is kept in many places, there is one. */
export function internedString(text: string): string {
  const hash = hashOfText(text);
  const known = texts.find(hash, (other) => other === text);
  if (known !== undefined) return known;
  texts.keep(hash, text);
  return text;
}

/** The same of the value that begins here: what is known already is not made again. */
export function readInterned(cursor: Cursor): unknown {
  const first = peekByte(cursor);
  if (first === byte.quote) return readSharedText(cursor);
  const begin = cursor.at;
  skipValue(cursor);
  const { bytes, at: end } = cursor;
  if (first !== byte.openBrace && first !== byte.openBracket) return JSON.parse(bytes.toString("latin1", begin, end));
  const hash = hashOfBytes(bytes, begin, end);
  const known = composites.find(hash, (other) => isNext({ bytes, at: begin }, other));
  if (known !== undefined) return known;
  const value = internStrings(JSON.parse(bytes.toString("utf8", begin, end))) as object; // between braces or brackets
  composites.keep(hash, value);
  return value;
}

/** The value that begins here, of its own but for short texts: names of fields' values, times, versions. */
export function readInterningStrings(cursor: Cursor): unknown {
  const first = peekByte(cursor);
  const value = readValue(cursor);
  return first === byte.quote ? value : internStrings(value);
}

function readSharedText(cursor: Cursor): string {
  const begin = cursor.at;
  if (!skipString(cursor)) {
    cursor.at = begin;
    return readString(cursor);
  }
  const { bytes, at } = cursor;
  const hash = hashOfBytes(bytes, begin + 1, at - 1);
  const known = texts.find(hash, (other) => isNextText({ bytes, at: begin }, other));
  if (known !== undefined) return known;
  const text = bytes.toString("latin1", begin + 1, at - 1);
  texts.keep(hash, text);
  return text;
}

/** What is longer is what a model says of itself, or a fault. */
export const maxInternedLength = 128;

/** Kinds and names are the same in many values that are not. */
function internStrings(value: unknown): unknown {
  if (typeof value === "string") return value.length > maxInternedLength ? value : internedString(value);
  if (typeof value !== "object" || value === null) return value;
  const members = value as { [name: string]: unknown }; // entries have names, too
  for (const name in members) {
    const member = members[name];
    // Set whatever it is: two texts compare by what they say, and which one is kept does not show.
    if (typeof member === "string" || typeof member === "object") members[name] = internStrings(member);
  }
  return value;
}

/** Whether this value comes next, in the words of a server: without white space, members in the same order. */
function isNext(cursor: Cursor, known: unknown): boolean {
  if (typeof known === "string") return isNextText(cursor, known);
  if (typeof known !== "object" || known === null) return areNext(cursor, String(known));
  return Array.isArray(known) ? areEntriesNext(cursor, known) : areMembersNext(cursor, known);
}

function areEntriesNext(cursor: Cursor, known: readonly unknown[]): boolean {
  let separator = "[";
  for (const entry of known) {
    if (!areNext(cursor, separator) || !isNext(cursor, entry)) return false;
    separator = ",";
  }
  return areNext(cursor, separator === "[" ? "[]" : "]");
}

function areMembersNext(cursor: Cursor, known: object): boolean {
  const members = known as { readonly [name: string]: unknown }; // no list
  let separator = "{";
  for (const name in members) {
    if (!areNext(cursor, separator) || !isNextText(cursor, name)) return false;
    if (!areNext(cursor, ":") || !isNext(cursor, members[name])) return false;
    separator = ",";
  }
  return areNext(cursor, separator === "{" ? "{}" : "}");
}

/** Never of a text that JSON writes in other bytes than its characters. */
function isNextText(cursor: Cursor, text: string): boolean {
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

function areNext(cursor: Cursor, text: string): boolean {
  const { bytes, at } = cursor;
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  cursor.at = at + text.length;
  return true;
}

// FNV-1a (Fowler, Noll, Vo), of the same characters the same whether they are a text or its bytes.
const offsetBasis = 0x81_1c_9d_c5;
const prime = 16_777_619;

function hashOfText(text: string): number {
  let hash = offsetBasis;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), prime);
  return spread(hash);
}

function hashOfBytes(bytes: Buffer, begin: number, end: number): number {
  let hash = offsetBasis;
  for (let index = begin; index < end; index += 1) hash = Math.imul(hash ^ (bytes[index] ?? 0), prime);
  return spread(hash);
}

/** Its low bits alone say the place: those of similar texts must differ, too. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}
