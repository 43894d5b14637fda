import { decimalValue, exactPowers } from "./decimal-value.ts";

/** The output buffer of the number scanners. The hot loops write here and allocate nothing. */
export interface NumberSink {
  values: Float64Array;
  count: number;
  /** Set once a number has a fraction or an exponent, or is beyond 2**53 and was rounded. */
  inexact: boolean;
}

const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const upperE = 0x45;
const lowerE = 0x65;
/** An integer with more digits than this overflows a double. */
export const maxWholeDigits = 309;
/** Scanning stops after so many digits, whatever exponent may follow: a longer scan would block all other requests. */
export const maxScannedDigits = 4096;
const maxExact = Number.MAX_SAFE_INTEGER;

/**
 * Appends the JSON number that starts at `at` to `sink` (which must have room). Returns the offset after it, or -1 when there
 * is no plain number; NaN and Infinity are left to the slow path in `parse-json.ts`. Up to 2**53 the digits and one exact
 * power of ten give the correctly rounded double (Clinger, "How to read floating point numbers accurately", 1990); beyond
 * that, `decimalValue` does.
 */
export function scanNumber(bytes: Buffer, at: number, sink: NumberSink): number {
  const negative = bytes[at] === minus;
  const first = negative ? at + 1 : at;
  let end = first;
  let mantissa = 0;
  for (let digit = digitAt(bytes, end); digit <= 9; digit = digitAt(bytes, end)) {
    mantissa = mantissa * 10 + digit;
    end += 1;
    if (end - first > maxScannedDigits) return -1;
  }
  if (isMalformed(bytes, first, end)) return -1;
  const next = bytes[end];
  if (next === point) return scanFraction(bytes, end + 1, { sink, start: at, mantissa, negative });
  if (next === lowerE || next === upperE) return scanExponent(bytes, at, end + 1, sink);
  if (mantissa > maxExact) return end - first > maxWholeDigits ? -1 : scanLong(bytes, at, end, sink);
  // An integer has no negative zero.
  sink.values[sink.count++] = negative ? 0 - mantissa : mantissa;
  return end;
}

/** Whether a number has no digits, or a leading zero. */
function isMalformed(bytes: Buffer, first: number, end: number): boolean {
  return bytes[first] === zero ? end !== first + 1 : end === first;
}

/** The digit at an offset; more than 9 when the byte is no digit. */
function digitAt(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) - zero) >>> 0;
}

interface PartialNumber {
  readonly sink: NumberSink;
  readonly start: number;
  readonly mantissa: number;
  readonly negative: boolean;
}

function scanFraction(
  bytes: Buffer,
  fraction: number,
  { sink, start, mantissa: whole, negative }: PartialNumber,
): number {
  let end = fraction;
  let mantissa = whole;
  for (let digit = digitAt(bytes, end); digit <= 9; digit = digitAt(bytes, end)) {
    mantissa = mantissa * 10 + digit;
    end += 1;
  }
  const scale = end - fraction;
  if (scale === 0) return -1;
  const next = bytes[end];
  if (next === lowerE || next === upperE) return scanExponent(bytes, start, end + 1, sink);
  if (mantissa > maxExact || scale > 22) return scanLong(bytes, start, end, sink);
  const value = mantissa / (exactPowers[scale] ?? 1);
  sink.inexact = true;
  sink.values[sink.count++] = negative ? -value : value;
  return end;
}

function scanExponent(bytes: Buffer, start: number, at: number, sink: NumberSink): number {
  const sign = bytes[at];
  const exponent = sign === minus || sign === 0x2b ? at + 1 : at;
  let end = exponent;
  while (digitAt(bytes, end) <= 9) end += 1;
  if (end === exponent) return -1;
  return scanLong(bytes, start, end, sink);
}

/** Appends the number between `start` and `end` by the slow, exact conversion; -1 when it overflows a double. */
function scanLong(bytes: Buffer, start: number, end: number, sink: NumberSink): number {
  const value = decimalValue(bytes, start, end);
  if (!Number.isFinite(value)) return -1;
  sink.inexact = true;
  sink.values[sink.count++] = value;
  return end;
}
