import { byte, stringEnd } from "./json-bytes.ts";

/** The bytes that the JSON of many values has in common, with slots for the strings and integers that differ. */
export interface JsonTemplate {
  readonly slots: readonly Slot[];
  /** Whether the JSON matches; if so, begin and end of each slot's content are written to `ranges`. */
  matches(json: Buffer, ranges: Int32Array): boolean;
  /** A template that also matches this JSON; undefined when more than strings and integers differ. */
  generalized(json: Buffer): JsonTemplate | undefined;
  /** The template's JSON with this content (characters of a string, or digits) in its slots. */
  filled(content: (slot: Slot, index: number) => string): Buffer;
  /** JSON of the value that the template was made from. */
  readonly sample: Buffer;
}

/** A part of the sample that differs between values: an integer, or what is between the quotes of a string or member name. */
export interface Slot {
  readonly begin: number;
  readonly end: number;
  readonly type: "string" | "name" | "number";
}

/** More than a Kubernetes object has values of its own. */
const maxSlots = 128;
/** Prefix of the names in `fieldsV1` that identify a list entry by its key, `k:{"uid":"…"}`; no other member name may vary. */
const listKeyPrefix = Buffer.from("k:{");
/** Up to this length a loop is faster than `Buffer.compare`. */
const shortBytes = 48;

/**
 * A template without slots, from the JSON of one value. Values of members named in `discriminators` never become slots: they
 * decide which parts of an object are kept.
 */
export function templateOf(json: Buffer, discriminators: ReadonlySet<string>): JsonTemplate {
  return createTemplate(Buffer.from(json), [], discriminators);
}

function createTemplate(sample: Buffer, slots: readonly Slot[], discriminators: ReadonlySet<string>): JsonTemplate {
  /** The constant bytes before, between and after the slots. */
  const pieces = [...slots, undefined].map((slot, index) =>
    sample.subarray(slots[index - 1]?.end ?? 0, slot?.begin ?? sample.length),
  );
  const numbers = slots.map(({ type }) => type === "number");
  return {
    sample,
    slots,
    matches(json, ranges) {
      let at = 0;
      for (let index = 0; index < pieces.length; index += 1) {
        const piece = pieces[index] ?? sample;
        if (!matchesAt(piece, json, at)) return false;
        at += piece.length;
        if (index === numbers.length) break;
        ranges[index * 2] = at;
        at = numbers[index] === true ? integerEnd(json, at) : stringEnd(json, at);
        ranges[index * 2 + 1] = at;
      }
      return at === json.length;
    },
    generalized(json) {
      const generalizedSlots = slotsOfBoth({ sample, slots, discriminators }, json);
      return generalizedSlots === undefined || generalizedSlots.length > maxSlots
        ? undefined
        : createTemplate(sample, generalizedSlots, discriminators);
    },
    filled: (content) =>
      Buffer.concat(
        pieces.flatMap((piece, index) => {
          const slot = slots[index];
          return slot === undefined ? [piece] : [piece, Buffer.from(content(slot, index))];
        }),
      ),
  };
}

function matchesAt(piece: Buffer, json: Buffer, at: number): boolean {
  const { length } = piece;
  if (at + length > json.length) return false;
  if (length > shortBytes) return json.compare(piece, 0, length, at, at + length) === 0;
  for (let index = 0; index < length; index += 1) if (piece[index] !== json[at + index]) return false;
  return true;
}

/** Longer integers are not exact as JavaScript numbers. */
const maxDigits = 15;

/** End of the integer at `begin`; `begin` itself when there is none. Padded numbers do not count: servers do not write them. */
function integerEnd(json: Buffer, begin: number): number {
  const first = json[begin] === byte.minus ? begin + 1 : begin;
  let at = first;
  while (isDigit(json[at])) at += 1;
  const isPadded = json[first] === byte.zero && at > begin + 1;
  return at === first || at > first + maxDigits || isPadded ? begin : at;
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= byte.zero && code <= byte.nine;
}

interface Pattern {
  readonly sample: Buffer;
  readonly slots: readonly Slot[];
  readonly discriminators: ReadonlySet<string>;
}

/** Reads sample and JSON in parallel, token by token. Undefined when no template can match both. */
function slotsOfBoth({ sample, slots: known, discriminators }: Pattern, json: Buffer): readonly Slot[] | undefined {
  const begins = new Set(known.map(({ begin }) => begin));
  const slots: Slot[] = [];
  let name = "";
  let otherAt = 0;
  for (let at = 0; at < sample.length;) {
    const token = tokenAt(sample, at);
    const other = tokenAt(json, otherAt);
    const slot = slotAt(at, token);
    const [text, otherText] = [sample.subarray(at, token.end), json.subarray(otherAt, other.end)];
    if (!areSameType(token, other)) return undefined;
    const isSame = text.equals(otherText);
    if (!isSame && slot === undefined) return undefined;
    if (slot !== undefined && (!isSame || begins.has(slot.begin))) {
      if (slot.type === "name" ? !areListKeys(text, otherText) : discriminators.has(name)) return undefined;
      slots.push(slot);
    }
    if (token.type === "name") name = text.toString("latin1", 1, text.length - 1);
    at = token.end;
    otherAt = other.end;
  }
  return otherAt === json.length ? slots : undefined;
}

interface Token {
  readonly type: Slot["type"] | "other" | "unclear";
  readonly end: number;
}

function areSameType({ type }: Token, other: Token): boolean {
  return type === other.type && type !== "unclear";
}

/** A string, a member name, an integer, or one byte of anything else. A string followed by white space is `unclear`. */
function tokenAt(json: Buffer, at: number): Token {
  if (json[at] === byte.quote) {
    const end = stringEnd(json, at + 1) + 1;
    if (json[end] === byte.colon) return { type: "name", end };
    return { type: isValueEnd(json[end]) ? "string" : "unclear", end };
  }
  const end = integerEnd(json, at);
  const isInteger = end > at && isValueEnd(json[end]) && isValueBegin(json[at - 1]);
  return isInteger ? { type: "number", end } : { type: "other", end: at + 1 };
}

function isValueBegin(code: number | undefined): boolean {
  return code === byte.colon || code === byte.comma || code === byte.openBracket;
}

function isValueEnd(code: number | undefined): boolean {
  return code === byte.comma || code === byte.closeBrace || code === byte.closeBracket;
}

/** The slot that this token can become; undefined for structure. */
function slotAt(at: number, { type, end }: Token): Slot | undefined {
  if (type === "other" || type === "unclear") return undefined;
  if (type === "number") return { begin: at, end, type };
  return { begin: type === "name" ? at + 1 + listKeyPrefix.length : at + 1, end: end - 1, type };
}

function areListKeys(...names: readonly Buffer[]): boolean {
  return names.every((name) => name.subarray(1, 1 + listKeyPrefix.length).equals(listKeyPrefix));
}
