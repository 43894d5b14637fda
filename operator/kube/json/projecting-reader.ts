import {
  brokenJson,
  byte,
  consumeComma,
  type Cursor,
  expectByte,
  peekByte,
  readString,
  readValue,
  skipString,
} from "./json-bytes.ts";
import { createObjectFactory, type FieldMask, type FieldSelection } from "./field-mask.ts";
import { readInterned, readInterningStrings } from "./interning.ts";
import { createSkipper, type Skipper } from "./skipper.ts";

/** Reads the value at the cursor, as far as it is kept, and moves the cursor past it. Throws SyntaxError for broken JSON. */
export type ValueReader = (cursor: Cursor) => unknown;

/**
 * Reads from JSON bytes what `projectionOf` keeps of the parsed value. Dropped fields are skipped without parsing and interned
 * values are looked up by their bytes; together they are most of an object.
 */
export function projectingReader(selection: FieldSelection): ValueReader {
  if (selection === true) return readInterningStrings;
  return selection === "interned" ? readInterned : objectReader(selection);
}

interface Member {
  readonly name: string;
  readonly read: ValueReader;
}

function objectReader(selection: FieldMask): ValueReader {
  const membersByHash = membersTable(selection);
  const createObject = createObjectFactory();
  const skippers = createSkippers();
  const readObject = (cursor: Cursor): object => {
    const object = createObject();
    cursor.at += 1;
    if (peekByte(cursor) === byte.closeBrace) {
      cursor.at += 1;
      return object;
    }
    do {
      const { at } = cursor;
      const member = readName(cursor, membersByHash);
      const end = cursor.at;
      expectByte(cursor, byte.colon);
      if (member === undefined) skippers.at(hashOf(cursor.bytes, at, end))(cursor);
      else object[member.name] = member.read(cursor);
    } while (consumeComma(cursor, byte.closeBrace));
    return object;
  };
  const readProjected: ValueReader = (cursor) => {
    const first = peekByte(cursor);
    if (first === byte.openBrace) return readObject(cursor);
    return first === byte.openBracket ? readEntries(cursor, readProjected) : readValue(cursor);
  };
  return readProjected;
}

/** One skipper for each hash of a member's name. */
function createSkippers(): { at(place: number): Skipper } {
  const skippers: Skipper[] = [];
  return { at: (place) => (skippers[place] ??= createSkipper()) };
}

function readEntries(cursor: Cursor, read: ValueReader): readonly unknown[] {
  cursor.at += 1;
  if (peekByte(cursor) === byte.closeBracket) {
    cursor.at += 1;
    return [];
  }
  const entries: unknown[] = [];
  do entries.push(read(cursor));
  while (consumeComma(cursor, byte.closeBracket));
  // Copied, because an array that has grown keeps spare capacity.
  return entries.slice();
}

/** Most names are not kept: with this many buckets few of them have to be compared. */
const tableSize = 64;

function membersTable(selection: FieldMask): readonly (readonly Member[])[] {
  const table = Array.from({ length: tableSize }, (): Member[] => []);
  for (const [name, fieldSelection] of Object.entries(selection)) {
    const bytes = Buffer.from(name);
    table[hashOf(bytes, 0, bytes.length)]?.push({ name, read: projectingReader(fieldSelection) });
  }
  return table;
}

function hashOf(bytes: Buffer, begin: number, end: number): number {
  return ((end - begin) * 7 + (bytes[begin] ?? 0) + (bytes[end - 1] ?? 0) * 3) & (tableSize - 1);
}

/** Moves past a member's name; undefined when the member is not kept. */
function readName(cursor: Cursor, membersByHash: readonly (readonly Member[])[]): Member | undefined {
  if (peekByte(cursor) !== byte.quote) throw brokenJson(cursor);
  const { bytes, at } = cursor;
  if (!skipString(cursor)) {
    const name = Buffer.from(readString({ bytes, at }));
    return findMember(name, 0, name.length, membersByHash);
  }
  return findMember(bytes, at + 1, cursor.at - 1, membersByHash);
}

function findMember(
  bytes: Buffer,
  begin: number,
  end: number,
  membersByHash: readonly (readonly Member[])[],
): Member | undefined {
  for (const member of membersByHash[hashOf(bytes, begin, end)] ?? []) {
    if (member.name.length === end - begin && isName(bytes, begin, member.name)) return member;
  }
  return undefined;
}

/** Names in a field mask are ASCII. */
function isName(bytes: Buffer, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}
