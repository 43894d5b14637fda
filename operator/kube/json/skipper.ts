import { byte, type Cursor, peekByte, skipValue, stringEnd } from "./json-bytes.ts";

/** Moves the cursor past the value at it, in few comparisons when an earlier value differed only in its strings. */
export type Skipper = (cursor: Cursor) => void;

/** Bytes of an earlier value of the same member. `managedFields`, for example, differ only in UIDs and times. */
interface Pattern {
  readonly sample: Buffer;
  /** Begin and end of each string in the sample, without quotes, that differs between objects. */
  readonly slots: readonly number[];
}

/** Shorter values are skipped as quickly without a pattern. */
const minBytes = 256;
const maxSlots = 64;
const maxPatterns = 4;
/** After this many values that match no pattern, learning stops. */
const maxMisses = 64;

/** A skipper for one member of one kind. */
export function createSkipper(): Skipper {
  const patterns: Pattern[] = [];
  let misses = 0;
  const learn = (value: Buffer): void => {
    misses += 1;
    for (const [index, pattern] of patterns.entries()) {
      const generalizedPattern = generalized(pattern, value);
      if (generalizedPattern === undefined) continue;
      patterns[index] = generalizedPattern;
      return;
    }
    patterns[Math.min(patterns.length, misses % maxPatterns)] = { sample: Buffer.from(value), slots: [] };
  };
  return (cursor) => {
    const first = peekByte(cursor);
    const begin = cursor.at;
    if (first === byte.openBrace || first === byte.openBracket) {
      for (const pattern of patterns) {
        const end = endOf(pattern, cursor.bytes, begin);
        if (end === undefined) continue;
        cursor.at = end;
        return;
      }
    }
    skipValue(cursor);
    if (cursor.at - begin >= minBytes && misses < maxMisses) learn(cursor.bytes.subarray(begin, cursor.at));
  };
}

/** End of the value at `begin`; undefined when it does not match. Between slots all bytes are equal, quotes included. */
function endOf({ sample, slots }: Pattern, bytes: Buffer, begin: number): number | undefined {
  let at = begin;
  let sampleAt = 0;
  for (let slot = 0; slot <= slots.length; slot += 2) {
    const until = slots[slot] ?? sample.length;
    const end = at + until - sampleAt;
    if (end > bytes.length || bytes.compare(sample, sampleAt, until, at, end) !== 0) return undefined;
    at = slot < slots.length ? stringEnd(bytes, end) : end;
    sampleAt = slots[slot + 1] ?? until;
  }
  return at;
}

/** A pattern that also matches this value; undefined when more than strings differ. */
function generalized({ sample, slots: known }: Pattern, value: Buffer): Pattern | undefined {
  const slots: number[] = [];
  let otherAt = 0;
  for (let at = 0; at < sample.length; at += 1, otherAt += 1) {
    if (sample[at] !== value[otherAt]) return undefined;
    if (sample[at] !== byte.quote) continue;
    const [end, otherEnd] = [stringEnd(sample, at + 1), stringEnd(value, otherAt + 1)];
    const isSame = sample.compare(value, otherAt + 1, otherEnd, at + 1, end) === 0;
    if (!isSame || known.includes(at + 1)) slots.push(at + 1, end);
    at = end;
    otherAt = otherEnd;
  }
  return otherAt === value.length && slots.length <= maxSlots * 2 ? { sample, slots } : undefined;
}
