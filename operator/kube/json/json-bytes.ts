/** A place in JSON as it came over the wire: UTF-8 that is not yet a text. Who reads a value moves it behind the value. */
export interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

/** Bytes that structure JSON. */
export const byte = {
  quote: 34,
  comma: 44,
  minus: 45,
  zero: 48,
  nine: 57,
  colon: 58,
  openBracket: 91,
  backslash: 92,
  closeBracket: 93,
  openBrace: 123,
  closeBrace: 125,
} as const;

/** Whether JSON writes this character of a text as one byte with the same code. Control characters never come as they are. */
export function isUnescaped(code: number): boolean {
  return code < 128 && code !== byte.backslash && code !== byte.quote;
}

/** Thrown for bytes that are no JSON. */
export function brokenJson({ at }: Cursor): SyntaxError {
  return new SyntaxError(`unexpected byte at ${at} of JSON`);
}

/** Moves behind white space; the byte that is there. */
export function peekByte(cursor: Cursor): number {
  const { bytes } = cursor;
  let { at } = cursor;
  while (at < bytes.length && (bytes[at] ?? 0) <= 32) at += 1;
  cursor.at = at;
  return bytes[at] ?? 0;
}

/** Moves behind this byte, which must come next. */
export function expectByte(cursor: Cursor, expected: number): void {
  if (peekByte(cursor) !== expected) throw brokenJson(cursor);
  cursor.at += 1;
}

/** Moves behind the comma that leads to the next member or entry; false, and behind the end, when there is none. */
export function consumeComma(cursor: Cursor, end: number): boolean {
  const next = peekByte(cursor);
  if (next !== byte.comma && next !== end) throw brokenJson(cursor);
  cursor.at += 1;
  return next === byte.comma;
}

/** Moves behind the value that begins here without making anything of it. */
export function skipValue(cursor: Cursor): void {
  const first = peekByte(cursor);
  if (first === byte.quote) skipString(cursor);
  else if (first === byte.openBrace || first === byte.openBracket) skipNested(cursor);
  else skipPlain(cursor);
}

/** True when the text is ASCII without escapes: then its bytes are its characters. */
export function skipString(cursor: Cursor): boolean {
  const { bytes } = cursor;
  const { length } = bytes;
  let isPlain = true;
  for (let at = cursor.at + 1; at < length; at += 1) {
    const code = bytes[at] ?? 0;
    if (code === byte.quote) {
      cursor.at = at + 1;
      return isPlain;
    }
    if (code === byte.backslash) at += 1;
    isPlain &&= isUnescaped(code);
  }
  cursor.at = length;
  throw brokenJson(cursor);
}

/** Braces differ from brackets, and both from nothing else, in this one bit. */
const braceBit = 32;

/** One loop over all levels: this is where most of a large list is read. */
function skipNested(cursor: Cursor): void {
  const { bytes } = cursor;
  const { length } = bytes;
  let depth = 0;
  for (let at = cursor.at; at < length; at += 1) {
    const code = bytes[at] ?? 0;
    if (code === byte.quote) {
      at = stringEnd(bytes, at + 1);
    } else if ((code | braceBit) === byte.openBrace) {
      depth += 1;
    } else if ((code | braceBit) === byte.closeBrace && --depth === 0) {
      cursor.at = at + 1;
      return;
    }
  }
  cursor.at = length;
  throw brokenJson(cursor);
}

/** Where the quote is that ends a text; beyond the bytes when there is none. */
export function stringEnd(bytes: Buffer, begin: number): number {
  const { length } = bytes;
  for (let at = begin; at < length; at += 1) {
    const code = bytes[at];
    if (code === byte.quote) return at;
    if (code === byte.backslash) at += 1;
  }
  return length;
}

/** A number or a word. */
function skipPlain(cursor: Cursor): void {
  const { bytes, at: begin } = cursor;
  let at = begin;
  while (at < bytes.length && !endsPlain(bytes[at] ?? 0)) at += 1;
  if (at === begin) throw brokenJson(cursor);
  cursor.at = at;
}

function endsPlain(code: number): boolean {
  return code === byte.comma || code === byte.closeBrace || code === byte.closeBracket || code <= 32;
}

/** The value that begins here, whatever it is. */
export function readValue(cursor: Cursor): unknown {
  const { bytes } = cursor;
  const first = peekByte(cursor);
  if (first === byte.quote) return readString(cursor);
  const begin = cursor.at;
  skipValue(cursor);
  if (first === byte.openBrace || first === byte.openBracket)
    return JSON.parse(bytes.toString("utf8", begin, cursor.at));
  return plainValue(bytes.toString("latin1", begin, cursor.at));
}

const words: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

function plainValue(text: string): unknown {
  return words.has(text) ? words.get(text) : JSON.parse(text);
}

/** The text that begins here. */
export function readString(cursor: Cursor): string {
  const begin = cursor.at;
  const isPlain = skipString(cursor);
  if (isPlain) return cursor.bytes.toString("latin1", begin + 1, cursor.at - 1);
  return JSON.parse(cursor.bytes.toString("utf8", begin, cursor.at)) as string; // between quotes
}
