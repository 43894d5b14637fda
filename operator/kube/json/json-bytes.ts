/** A position in the UTF-8 bytes of JSON. Reading a value moves it past the value. */
export interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

/** ASCII codes of the characters that structure JSON. */
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

/** Whether this character of a string is a single unescaped byte in JSON. Control characters are always escaped. */
export function isUnescaped(code: number): boolean {
  return code < 128 && code !== byte.backslash && code !== byte.quote;
}

/** The error for bytes that are not JSON. */
export function brokenJson({ at }: Cursor): SyntaxError {
  return new SyntaxError(`unexpected byte at ${at} of JSON`);
}

/** Skips white space and returns the byte at the cursor, 0 at the end. */
export function peekByte(cursor: Cursor): number {
  const { bytes } = cursor;
  let { at } = cursor;
  while (at < bytes.length && (bytes[at] ?? 0) <= 32) at += 1;
  cursor.at = at;
  return bytes[at] ?? 0;
}

/** Skips white space and this byte. Throws when another byte comes next. */
export function expectByte(cursor: Cursor, expected: number): void {
  if (peekByte(cursor) !== expected) throw brokenJson(cursor);
  cursor.at += 1;
}

/** Moves past the next comma, true, or behind the closing bracket or brace `end`, false. Throws for anything else. */
export function consumeComma(cursor: Cursor, end: number): boolean {
  const next = peekByte(cursor);
  if (next !== byte.comma && next !== end) throw brokenJson(cursor);
  cursor.at += 1;
  return next === byte.comma;
}

/** Moves past the value at the cursor without parsing it. */
export function skipValue(cursor: Cursor): void {
  const first = peekByte(cursor);
  if (first === byte.quote) skipString(cursor);
  else if (first === byte.openBrace || first === byte.openBracket) skipNested(cursor);
  else skipLiteral(cursor);
}

/** Moves past the string at the cursor. True when it is ASCII without escapes: then its bytes are its characters. */
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

/** The bit in which braces differ from brackets. */
const braceBit = 32;

/** Moves past an object or array. One loop over all levels: most of the bytes of a large list are read here. */
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

/** Index of the quote that ends a string; the number of bytes when there is none. */
export function stringEnd(bytes: Buffer, begin: number): number {
  const { length } = bytes;
  for (let at = begin; at < length; at += 1) {
    const code = bytes[at];
    if (code === byte.quote) return at;
    if (code === byte.backslash) at += 1;
  }
  return length;
}

/** Moves past a number, `true`, `false` or `null`. */
function skipLiteral(cursor: Cursor): void {
  const { bytes, at: begin } = cursor;
  let at = begin;
  while (at < bytes.length && !endsLiteral(bytes[at] ?? 0)) at += 1;
  if (at === begin) throw brokenJson(cursor);
  cursor.at = at;
}

function endsLiteral(code: number): boolean {
  return code === byte.comma || code === byte.closeBrace || code === byte.closeBracket || code <= 32;
}

/** Parses the value at the cursor and moves past it. */
export function readValue(cursor: Cursor): unknown {
  const { bytes } = cursor;
  const first = peekByte(cursor);
  if (first === byte.quote) return readString(cursor);
  const begin = cursor.at;
  skipValue(cursor);
  if (first === byte.openBrace || first === byte.openBracket)
    return JSON.parse(bytes.toString("utf8", begin, cursor.at));
  return literalValue(bytes.toString("latin1", begin, cursor.at));
}

const literals: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

function literalValue(text: string): unknown {
  return literals.has(text) ? literals.get(text) : JSON.parse(text);
}

/** Parses the string at the cursor and moves past it. */
export function readString(cursor: Cursor): string {
  const begin = cursor.at;
  const isPlain = skipString(cursor);
  if (isPlain) return cursor.bytes.toString("latin1", begin + 1, cursor.at - 1);
  return JSON.parse(cursor.bytes.toString("utf8", begin, cursor.at)) as string; // between quotes
}
