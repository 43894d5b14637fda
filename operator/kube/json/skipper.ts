import { byte, type Cursor, peekByte, skipValue, stringEnd } from "./json-bytes.ts";

/** Moves behind the value that begins at the cursor, at once where the one before was the same but for its texts. */
export type Skipper = (cursor: Cursor) => void;

/** What the same member of another object looked like: who owns which fields differs in UIDs and times alone. */
interface Pattern {
  readonly sample: Buffer;
  /** Begins and ends of the texts within the sample, without their quotes, that differ from object to object. */
  readonly gaps: readonly number[];
}

/** Shorter values are read over as quickly. */
const minBytes = 256;
const maxGaps = 64;
const maxPatterns = 4;
/** Values that are never alike are not looked at again and again. */
const maxMisses = 64;

/** For one member of one kind of objects. */
export function createSkipper(): Skipper {
  const patterns: Pattern[] = [];
  let misses = 0;
  const learn = (value: Buffer): void => {
    misses += 1;
    for (const [index, pattern] of patterns.entries()) {
      const wider = widened(pattern, value);
      if (wider === undefined) continue;
      patterns[index] = wider;
      return;
    }
    patterns[Math.min(patterns.length, misses % maxPatterns)] = { sample: Buffer.from(value), gaps: [] };
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

/** Where the value ends that begins here; undefined when it does not follow the pattern. Between gaps all bytes are the same, quotes included. */
function endOf({ sample, gaps }: Pattern, bytes: Buffer, begin: number): number | undefined {
  let at = begin;
  let passed = 0;
  for (let gap = 0; gap <= gaps.length; gap += 2) {
    const until = gaps[gap] ?? sample.length;
    const end = at + until - passed;
    if (end > bytes.length || bytes.compare(sample, passed, until, at, end) !== 0) return undefined;
    at = gap < gaps.length ? stringEnd(bytes, end) : end;
    passed = gaps[gap + 1] ?? until;
  }
  return at;
}

/** The pattern that this value follows, too; undefined when more than texts differ. */
function widened({ sample, gaps: known }: Pattern, value: Buffer): Pattern | undefined {
  const gaps: number[] = [];
  let other = 0;
  for (let at = 0; at < sample.length; at += 1, other += 1) {
    if (sample[at] !== value[other]) return undefined;
    if (sample[at] !== byte.quote) continue;
    const [end, otherEnd] = [stringEnd(sample, at + 1), stringEnd(value, other + 1)];
    const isSame = sample.compare(value, other + 1, otherEnd, at + 1, end) === 0;
    if (!isSame || known.includes(at + 1)) gaps.push(at + 1, end);
    at = end;
    other = otherEnd;
  }
  return other === value.length && gaps.length <= maxGaps * 2 ? { sample, gaps } : undefined;
}
