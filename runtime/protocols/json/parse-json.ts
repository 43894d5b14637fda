import { decimalValue } from "./decimal-value.ts";
import { faults } from "./faults.ts";
import { type NumberSink, maxScannedDigits, maxWholeDigits, scanNumber } from "./number-scan.ts";
import { type PackingSource, packingSource, packedNumbers, skipSpace } from "./packed-numbers.ts";
import { scanString } from "./string-scan.ts";
import type { JsonArray, JsonNumber, JsonObject, JsonValue } from "./value.ts";

/** Nesting depth of objects and arrays, not counting packed numbers. */
const maxDepth = 32;
/**
 * Values outside packed numbers, object keys included. Each costs some fifty bytes and 200 ns, so this bounds the memory that a
 * hostile body can take and how long it blocks other requests.
 */
const maxValues = 250_000;
/** What a packed array counts against `maxValues` beyond itself, plus one for each of its levels. */
const packedValues = 2;

interface Cursor {
  readonly bytes: Buffer;
  /** Buffer for a number outside packed arrays. */
  readonly single: NumberSink;
  /** Reads packed numbers; created at the first array. */
  numbers: PackingSource | undefined;
  at: number;
  depth: number;
  values: number;
  /** Packing has failed up to this offset: arrays that start before it are read element by element. */
  unpackedUntil: number;
}

/**
 * Parses the first JSON value of `bytes` as TensorFlow Serving does: ignores a byte order mark and everything after the value,
 * and accepts `NaN`, `Inf` and `Infinity` as numbers. Throws `JsonEmpty` or `JsonInvalid`.
 */
export function parseJson(bytes: Buffer): JsonValue {
  return parseValue(documentCursor(bytes));
}

/** Like `parseJson`, but only white space may follow the value. */
export function parseWholeJson(bytes: Buffer): JsonValue {
  const cursor = documentCursor(bytes);
  const value = parseValue(cursor);
  cursor.at = skipSpace(bytes, cursor.at);
  if (cursor.at < bytes.length) throw invalid(cursor, "The document root must not be followed by other values.");
  return value;
}

function documentCursor(bytes: Buffer): Cursor {
  if (bytes.length === 0) throw faults.JsonEmpty({});
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const cursor = cursorAt(bytes, skipSpace(bytes, marked ? 3 : 0), 0);
  if (cursor.at >= bytes.length) throw invalid(cursor, "The document is empty.");
  return cursor;
}

function cursorAt(bytes: Buffer, at: number, unpackedUntil: number): Cursor {
  const single = { values: new Float64Array(1), count: 0, inexact: false };
  return { bytes, single, numbers: undefined, at, depth: 0, values: 0, unpackedUntil };
}

function parseValue(cursor: Cursor): JsonValue {
  count(cursor, 1);
  switch (cursor.bytes[cursor.at]) {
    case 0x7b:
      return parseObject(cursor);
    case 0x5b:
      return parseArray(cursor);
    case 0x22: {
      const { value, end } = scanString(cursor.bytes, cursor.at);
      cursor.at = end;
      return { kind: "string", value };
    }
    case 0x6e:
      expectWord(cursor, "null");
      return { kind: "null" };
    case 0x74:
      expectWord(cursor, "true");
      return { kind: "boolean", value: true };
    case 0x66:
      expectWord(cursor, "false");
      return { kind: "boolean", value: false };
    default:
      return parseNumber(cursor);
  }
}

function count(cursor: Cursor, values: number): void {
  cursor.values += values;
  if (cursor.values > maxValues) throw invalid(cursor, `More than ${maxValues} values.`);
}

function parseObject(cursor: Cursor): JsonObject {
  const members: (readonly [string, JsonValue])[] = [];
  enter(cursor);
  while (!closes(cursor, 0x7d)) {
    if (members.length > 0) expectComma(cursor, "Missing a comma or } after an object member.");
    if (cursor.bytes[cursor.at] !== 0x22) throw invalid(cursor, "Missing a name for object member.");
    const key = scanString(cursor.bytes, cursor.at);
    cursor.at = skipSpace(cursor.bytes, key.end);
    if (cursor.bytes[cursor.at] !== 0x3a) throw invalid(cursor, "Missing a colon after a name of object member.");
    cursor.at = skipSpace(cursor.bytes, cursor.at + 1);
    count(cursor, 1);
    members.push([key.value, parseValue(cursor)]);
  }
  return { kind: "object", members };
}

function parseArray(cursor: Cursor): JsonValue {
  const { bytes, at: start } = cursor;
  if (start >= cursor.unpackedUntil) {
    cursor.numbers ??= packingSource(bytes);
    const packed = packedNumbers(cursor.numbers, start);
    if (packed.shape !== undefined) {
      count(cursor, packedValues + packed.shape.length);
      cursor.at = packed.end;
      const { shape, values, exactIntegers } = packed;
      return { kind: "numbers", shape, values, exactIntegers, expand: () => expanded(bytes, start) };
    }
    cursor.unpackedUntil = packed.end + 1;
  }
  return parseItems(cursor);
}

function parseItems(cursor: Cursor): JsonArray {
  const items: JsonValue[] = [];
  enter(cursor);
  while (!closes(cursor, 0x5d)) {
    if (items.length > 0) expectComma(cursor, "Missing a comma or ] after an array element.");
    items.push(parseValue(cursor));
  }
  return { kind: "array", items };
}

function expanded(bytes: Buffer, start: number): JsonArray {
  return parseItems(cursorAt(bytes, start, bytes.length));
}

function enter(cursor: Cursor): void {
  cursor.depth += 1;
  if (cursor.depth > maxDepth) throw invalid(cursor, `Nested deeper than ${maxDepth} levels.`);
  cursor.at += 1;
}

/** Skips white space, and the closing bracket if it follows; tells whether it did. */
function closes(cursor: Cursor, bracket: number): boolean {
  cursor.at = skipSpace(cursor.bytes, cursor.at);
  if (cursor.bytes[cursor.at] !== bracket) return false;
  cursor.at += 1;
  cursor.depth -= 1;
  return true;
}

function expectComma(cursor: Cursor, reason: string): void {
  if (cursor.bytes[cursor.at] !== 0x2c) throw invalid(cursor, reason);
  cursor.at = skipSpace(cursor.bytes, cursor.at + 1);
}

function parseNumber(cursor: Cursor): JsonNumber {
  const { bytes, single, at: start } = cursor;
  single.count = 0;
  single.inexact = false;
  const end = scanNumber(bytes, start, single);
  if (end < 0) return parseUnusualNumber(cursor);
  cursor.at = end;
  const value = single.values[0] ?? 0;
  if (!single.inexact) return { kind: "number", value, integer: BigInt(value) };
  const text = textAt(bytes, start, end);
  if (!/^-?\d+$/.test(text)) return { kind: "number", value };
  const integer = BigInt(text);
  const fits = integer >= -(2n ** 63n) && integer < 2n ** 64n;
  return { kind: "number", value, ...(fits ? { integer } : {}) };
}

const unusualNumbers: readonly (readonly [string, number])[] = [
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["Inf", Number.POSITIVE_INFINITY],
];

/** Slow path: NaN, infinities, and the error message for what is no valid number. */
function parseUnusualNumber(cursor: Cursor): JsonNumber {
  const { bytes, at: start } = cursor;
  const negative = bytes[start] === 0x2d;
  const at = negative ? start + 1 : start;
  for (const [word, value] of unusualNumbers) {
    if (textAt(bytes, at, at + word.length) !== word) continue;
    cursor.at = at + word.length;
    return { kind: "number", value: negative ? -value : value };
  }
  if (isTooLong(bytes, at)) throw tooBig(start);
  const number = numberAt(bytes, start);
  if (number.whole === "") throw faults.JsonInvalid({ reason: "Invalid value.", offset: at });
  const isHuge = number.power === "" && number.whole.length > maxWholeDigits;
  if (isHuge || !Number.isFinite(decimalValue(bytes, start, number.end))) throw tooBig(start);
  // After a leading zero the number ends, and the caller refuses what follows.
  cursor.at = number.end;
  return { kind: "number", value: 0, integer: 0n };
}

function isTooLong(bytes: Buffer, start: number): boolean {
  const latest = start + maxScannedDigits;
  let end = start;
  while (end <= latest && ((bytes[end] ?? 0) - 0x30) >>> 0 <= 9) end += 1;
  return end > latest;
}

interface NumberParts {
  readonly whole: string;
  readonly power: string;
  readonly end: number;
}

/** Splits a number into its parts. Throws when its fraction or exponent has no digits. */
function numberAt(bytes: Buffer, start: number): NumberParts {
  const [text = "", whole = "", fraction = "", power = ""] =
    /^-?(0|[1-9]\d*)?(\.\d*)?(e[+-]?\d*)?/i.exec(textAt(bytes, start, bytes.length)) ?? [];
  const offset = start + text.length;
  if (whole !== "" && fraction === ".")
    throw faults.JsonInvalid({ reason: "Missing fraction part in number.", offset });
  const lacksExponent = fraction !== "." && whole + fraction !== "" && /^e[+-]?$/i.test(power);
  if (lacksExponent) throw faults.JsonInvalid({ reason: "Missing exponent in number.", offset });
  return { whole, power, end: offset };
}

function textAt(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("latin1", start, Math.min(end, bytes.length));
}

function tooBig(offset: number): Error {
  return faults.JsonInvalid({ reason: "Number too big to be stored in double.", offset });
}

function expectWord(cursor: Cursor, word: string): void {
  for (const letter of word) {
    if (cursor.bytes[cursor.at] !== letter.charCodeAt(0)) throw invalid(cursor, "Invalid value.");
    cursor.at += 1;
  }
}

function invalid(cursor: Cursor, reason: string): Error {
  return faults.JsonInvalid({ reason, offset: cursor.at });
}
