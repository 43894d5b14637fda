import { byte, stringEnd } from "./json-bytes.ts";

/** What the JSON of many values has in common, byte by byte, and where each has texts and numbers of its own. */
export interface JsonTemplate {
  readonly gaps: readonly Slot[];
  /** Whether this is the JSON of such a value; then `found` has begin and end of what is in each gap. */
  fits(json: Buffer, found: Int32Array): boolean;
  /** The mould of these values and of that one; undefined when more than texts and numbers differ. */
  widened(json: Buffer): JsonTemplate | undefined;
  /** JSON with these texts, or digits, in the gaps. */
  filled(content: (gap: Slot, index: number) => string): Buffer;
  readonly sample: Buffer;
}

/** What differs from value to value: within the quotes of a text, or of a member's name, or a whole number. */
export interface Slot {
  readonly begin: number;
  readonly end: number;
  readonly type: "text" | "name" | "number";
}

/** More than an object has of its own. */
const maxGaps = 128;
/** What names of entries begin with that a server tells apart by what is in them, and no other member's: `k:{"uid":"…"}`. */
const keyMark = Buffer.from("k:{");
/** Up to here a loop is faster than a call. */
const shortBytes = 48;

/**
 * The mould of one value. Texts of members with one of the `telling` names never differ in a mould: what is kept of a value
 * depends on them.
 */
export function templateOf(json: Buffer, telling: ReadonlySet<string>): JsonTemplate {
  return createTemplate(Buffer.from(json), [], telling);
}

function createTemplate(sample: Buffer, gaps: readonly Slot[], telling: ReadonlySet<string>): JsonTemplate {
  /** What is the same in all: before the first gap, between two, behind the last. */
  const pieces = [...gaps, undefined].map((gap, index) =>
    sample.subarray(gaps[index - 1]?.end ?? 0, gap?.begin ?? sample.length),
  );
  const numbers = gaps.map(({ type }) => type === "number");
  return {
    sample,
    gaps,
    fits(json, found) {
      let at = 0;
      for (let index = 0; index < pieces.length; index += 1) {
        const piece = pieces[index] ?? sample;
        if (!isNext(piece, json, at)) return false;
        at += piece.length;
        if (index === numbers.length) break;
        found[index * 2] = at;
        at = numbers[index] === true ? wholeEnd(json, at) : stringEnd(json, at);
        found[index * 2 + 1] = at;
      }
      return at === json.length;
    },
    widened(json) {
      const wider = widerGaps({ sample, gaps, telling }, json);
      return wider === undefined || wider.length > maxGaps ? undefined : createTemplate(sample, wider, telling);
    },
    filled: (content) =>
      Buffer.concat(
        pieces.flatMap((piece, index) => {
          const gap = gaps[index];
          return gap === undefined ? [piece] : [piece, Buffer.from(content(gap, index))];
        }),
      ),
  };
}

function isNext(piece: Buffer, json: Buffer, at: number): boolean {
  const { length } = piece;
  if (at + length > json.length) return false;
  if (length > shortBytes) return json.compare(piece, 0, length, at, at + length) === 0;
  for (let index = 0; index < length; index += 1) if (piece[index] !== json[at + index]) return false;
  return true;
}

/** Longer ones are not exact as numbers. */
const maxDigits = 15;

/** Where a whole number ends as servers write it; where it begins when there is none. */
function wholeEnd(json: Buffer, begin: number): number {
  const first = json[begin] === byte.minus ? begin + 1 : begin;
  let at = first;
  while (isDigit(json[at])) at += 1;
  const isPadded = json[first] === byte.zero && at > begin + 1;
  return at === first || at > first + maxDigits || isPadded ? begin : at;
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= byte.zero && code <= byte.nine;
}

interface Known {
  readonly sample: Buffer;
  readonly gaps: readonly Slot[];
  readonly telling: ReadonlySet<string>;
}

/** Reads two values side by side. */
function widerGaps({ sample, gaps: known, telling }: Known, json: Buffer): readonly Slot[] | undefined {
  const begins = new Set(known.map(({ begin }) => begin));
  const gaps: Slot[] = [];
  let name = "";
  let there = 0;
  for (let at = 0; at < sample.length;) {
    const token = tokenAt(sample, at);
    const other = tokenAt(json, there);
    const gap = gapAt(at, token);
    const [text, otherText] = [sample.subarray(at, token.end), json.subarray(there, other.end)];
    if (!areAlike(token, other)) return undefined;
    const isSame = text.equals(otherText);
    if (!isSame && gap === undefined) return undefined;
    if (gap !== undefined && (!isSame || begins.has(gap.begin))) {
      if (gap.type === "name" ? !areKeys(text, otherText) : telling.has(name)) return undefined;
      gaps.push(gap);
    }
    if (token.type === "name") name = text.toString("latin1", 1, text.length - 1);
    at = token.end;
    there = other.end;
  }
  return there === json.length ? gaps : undefined;
}

interface Token {
  readonly type: Slot["type"] | "other" | "unclear";
  readonly end: number;
}

function areAlike({ type }: Token, other: Token): boolean {
  return type === other.type && type !== "unclear";
}

/** A text, a name, a whole number, or one byte of anything else; unclear is what follows a text with white space. */
function tokenAt(json: Buffer, at: number): Token {
  if (json[at] === byte.quote) {
    const end = stringEnd(json, at + 1) + 1;
    if (json[end] === byte.colon) return { type: "name", end };
    return { type: isValueEnd(json[end]) ? "text" : "unclear", end };
  }
  const end = wholeEnd(json, at);
  const isWhole = end > at && isValueEnd(json[end]) && isValueBegin(json[at - 1]);
  return isWhole ? { type: "number", end } : { type: "other", end: at + 1 };
}

function isValueBegin(code: number | undefined): boolean {
  return code === byte.colon || code === byte.comma || code === byte.openBracket;
}

function isValueEnd(code: number | undefined): boolean {
  return code === byte.comma || code === byte.closeBrace || code === byte.closeBracket;
}

/** Where another token of the type may be. */
function gapAt(at: number, { type, end }: Token): Slot | undefined {
  if (type === "other" || type === "unclear") return undefined;
  if (type === "number") return { begin: at, end, type };
  return { begin: type === "name" ? at + 1 + keyMark.length : at + 1, end: end - 1, type };
}

function areKeys(...names: readonly Buffer[]): boolean {
  return names.every((name) => name.subarray(1, 1 + keyMark.length).equals(keyMark));
}
