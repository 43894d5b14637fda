import { exactPowers } from "./decimal-value.ts";
import type { NumberSink } from "./number-scan.ts";

const minus = 0x2d;
const comma = 0x2c;
const space = 0x20;
/** `0.` as a word of two bytes. */
const zeroPoint = 0x2e30;
/** Four times the character 0. */
const zeros = 0x30303030;
const intPowers = Int32Array.of(1, 10, 100, 1000, 10_000);
/** No word is read beyond the end: what stands closer to it is left to others. */
const marginBytes = 16;

/**
 * Appends numbers as `-0.123456` with one digit before the point and up to eleven behind it, each with a comma and at most
 * one space behind it, to `sink`. Returns the offset of the first number that is another, or for which there is no room. Reads four digits at a time
 * (Lemire, "Quickly parsing eight digits", 2018); to pay, it must stay one loop that calls nothing but what V8 inlines.
 */
export function scanFractions(bytes: Buffer, view: DataView, start: number, sink: NumberSink): number {
  const { values } = sink;
  const last = bytes.length - marginBytes;
  let { count } = sink;
  let from = start;
  while (count < values.length && from < last) {
    const first = bytes[from] === minus ? from + 1 : from;
    const whole = (view.getUint16(first, true) - zeroPoint) >>> 0;
    if (whole > 9) break;
    let at = first + 2;
    let digits = whole;
    let word = view.getInt32(at, true) ^ zeros;
    let width = digitCount(word);
    while (width === 4 && at < first + 10) {
      digits = (Math.imul(digits, 10_000) + wordValue(word)) | 0;
      at += 4;
      word = view.getInt32(at, true) ^ zeros;
      width = digitCount(word);
    }
    const end = at + width;
    if (width === 4 || end === first + 2 || bytes[end] !== comma) break;
    const value = fraction(digits, word, width, end - first - 2);
    values[count++] = first === from ? value : -value;
    from = bytes[end + 1] === space ? end + 2 : end + 1;
  }
  sink.count = count;
  return from;
}

/** How many of the four characters of a word are digits, up to the first that is none. `word` has them as differences from 0. */
function digitCount(word: number): number {
  const others = (word | (word + 0x76767676)) & 0x80808080;
  return others === 0 ? 4 : (31 - Math.clz32(others & -others)) >> 3;
}

/** `digits`, and the first `width` digits (three at most) of a word behind them, over ten to the power of `scale`. */
function fraction(digits: number, word: number, width: number, scale: number): number {
  const rest = wordValue((word << 8) << (24 - 8 * width));
  return (digits * (intPowers[width] ?? 1) + rest) / (exactPowers[scale] ?? 1);
}

/** The number that four digits make, the first of them in the lowest byte. */
function wordValue(word: number): number {
  const pairs = (Math.imul(word, 10) + (word >>> 8)) | 0;
  return (Math.imul(pairs & 0xff, 100) + ((pairs >>> 16) & 0xff)) | 0;
}
