import {
  brokenJson,
  byte,
  type Cursor,
  peekByte,
  expectByte,
  consumeComma,
  readString,
  readValue,
  skipString,
} from "./json-bytes.ts";
import { createObjectFactory, type FieldSelection, type FieldMask } from "./field-mask.ts";
import { readInterningStrings, readInterned } from "./interning.ts";
import { createSkipper, type Skipper } from "./skipper.ts";

/** Reads what is kept of the value that begins at the cursor, and moves behind it. Throws for what is no JSON. */
export type ValueReader = (cursor: Cursor) => unknown;

/**
 * What `projectionOf` makes of a value, from the bytes of its JSON: what is not kept is read over, and what many objects have
 * alike is found without being made again. Most of an object is neither.
 */
export function projectingReader(keep: FieldSelection): ValueReader {
  if (keep === true) return readInterningStrings;
  return keep === "interned" ? readInterned : membersReader(keep);
}

interface Member {
  readonly name: string;
  readonly read: ValueReader;
}

function membersReader(keep: FieldMask): ValueReader {
  const membersAt = memberTable(keep);
  const newObject = createObjectFactory();
  const skippers = createSkippers();
  const readObject = (cursor: Cursor): object => {
    const made = newObject();
    cursor.at += 1;
    if (peekByte(cursor) === byte.closeBrace) {
      cursor.at += 1;
      return made;
    }
    do {
      const { at } = cursor;
      const member = readName(cursor, membersAt);
      const end = cursor.at;
      expectByte(cursor, byte.colon);
      if (member === undefined) skippers.at(placeOf(cursor.bytes, at, end))(cursor);
      else made[member.name] = member.read(cursor);
    } while (consumeComma(cursor, byte.closeBrace));
    return made;
  };
  const readAny: ValueReader = (cursor) => {
    const first = peekByte(cursor);
    if (first === byte.openBrace) return readObject(cursor);
    return first === byte.openBracket ? readEntries(cursor, readAny) : readValue(cursor);
  };
  return readAny;
}

/** By the place of a member's name. */
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
  // Lists that have grown keep room for more.
  return entries.slice();
}

/** Most names are not kept: few of those have to be compared. */
const tableSize = 64;

function memberTable(keep: FieldMask): readonly (readonly Member[])[] {
  const table = Array.from({ length: tableSize }, (): Member[] => []);
  for (const [name, kept] of Object.entries(keep)) {
    const bytes = Buffer.from(name);
    table[placeOf(bytes, 0, bytes.length)]?.push({ name, read: projectingReader(kept) });
  }
  return table;
}

function placeOf(bytes: Buffer, begin: number, end: number): number {
  return ((end - begin) * 7 + (bytes[begin] ?? 0) + (bytes[end - 1] ?? 0) * 3) & (tableSize - 1);
}

/** Moves behind a member's name; undefined when it is not kept. */
function readName(cursor: Cursor, membersAt: readonly (readonly Member[])[]): Member | undefined {
  if (peekByte(cursor) !== byte.quote) throw brokenJson(cursor);
  const { bytes, at } = cursor;
  if (!skipString(cursor)) {
    const name = Buffer.from(readString({ bytes, at }));
    return memberAt(name, 0, name.length, membersAt);
  }
  return memberAt(bytes, at + 1, cursor.at - 1, membersAt);
}

function memberAt(
  bytes: Buffer,
  begin: number,
  end: number,
  membersAt: readonly (readonly Member[])[],
): Member | undefined {
  for (const member of membersAt[placeOf(bytes, begin, end)] ?? []) {
    if (member.name.length === end - begin && areNext(bytes, begin, member.name)) return member;
  }
  return undefined;
}

/** Names are ASCII. */
function areNext(bytes: Buffer, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}
