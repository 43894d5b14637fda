/** Powers of ten that are exact in a double. */
export const exactPowers = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

const zero = 0x30;
const [minus, point, upperE, lowerE] = [0x2d, 0x2e, 0x45, 0x65];
/** Any decimal of so many significant digits fits a double exactly. */
const safeDigits = 15;
/** Splits a double into two halves of 26 bits each (Veltkamp, 1968). */
const splitter = 2 ** 27 + 1;

/**
 * The double nearest to the decimal number in `bytes` from `start` to `end`, which the caller has checked to be well-formed. Up
 * to thirty digits it is computed in double-double arithmetic (Dekker, "A floating-point technique for extending the available
 * precision", 1971) and used when the rounding is certain; otherwise `Number` reads the text.
 */
export function decimalValue(bytes: Buffer, start: number, end: number): number {
  if (end - start > maxDigits) return Number(shortened(bytes, start, end));
  const negative = bytes[start] === minus;
  const decimal = decimalOf(bytes, negative ? start + 1 : start, end);
  const near = decimal.lowDigits <= safeDigits ? scaledSum(decimal) : Number.NaN;
  if (Number.isNaN(near)) return Number(textOf(bytes, start, end));
  return negative ? -near : near;
}

/**
 * The midpoint between two doubles has at most 767 significant digits; of further digits it only matters whether one is not
 * zero. Without this limit one long number would block all other requests.
 */
const maxDigits = 800;

/** A shorter text that rounds to the same double. */
function shortened(bytes: Buffer, start: number, end: number): string {
  const number = bytes.subarray(start, end);
  const endOfDigits = offsetOr(Math.max(number.indexOf(lowerE), number.indexOf(upperE)), number.length);
  const pointAt = offsetOr(number.indexOf(point), endOfDigits);
  const first = firstNonZero(number, number[0] === minus ? 1 : 0, endOfDigits);
  const last = Math.min(endOfDigits, first + maxDigits);
  const isMore = firstNonZero(number, last, endOfDigits) < endOfDigits;
  const digits = textOf(number, first, last).replace(".", "") + (isMore ? "1" : "0");
  const power = Math.max(0, pointAt - last) - Math.max(0, last - pointAt - 1) - 1;
  const exponent = Number(textOf(number, endOfDigits + 1, number.length));
  return `${number[0] === minus ? "-" : ""}${digits}e${power + exponent}`;
}

function offsetOr(found: number, otherwise: number): number {
  return found < 0 ? otherwise : found;
}

/** Offset of the first digit from `start` on that is not 0. */
function firstNonZero(number: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (number[at] === zero || number[at] === point)) at += 1;
  return at;
}

function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("latin1", start, end);
}

/** The number `(high · 10^lowDigits + low) · 10^power`. */
interface Decimal {
  /** The first fifteen significant digits. */
  readonly high: number;
  /** The remaining digits; exact up to fifteen of them. */
  readonly low: number;
  readonly lowDigits: number;
  readonly power: number;
}

function decimalOf(bytes: Buffer, start: number, end: number): Decimal {
  let high = 0;
  let low = 0;
  let count = 0;
  let power = 0;
  let step = 0;
  let at = start;
  for (; at < end; at++) {
    const digit = (bytes[at] ?? 0) - zero;
    if (digit > 9) break;
    if (digit < 0) {
      step = 1;
      continue;
    }
    if (count < safeDigits) high = high * 10 + digit;
    else low = low * 10 + digit;
    if (count > 0 || digit > 0) count += 1;
    power -= step;
  }
  if (at < end) power += Number(textOf(bytes, at + 1, end));
  return { high, low, lowDigits: Math.max(0, count - safeDigits), power };
}

/** The double nearest to a decimal; NaN when the rounding is uncertain. */
function scaledSum({ high, low, lowDigits, power }: Decimal): number {
  if (power < -22 || power > 0) return Number.NaN;
  const unit = exactPowers[lowDigits] ?? 1;
  const product = high * unit;
  return nearestQuotient(product, low, productError(high, unit, product), exactPowers[-power] ?? 1);
}

/** The double nearest to `(product + error + low) / divisor`, where `low < product`; NaN when the rounding is uncertain. */
function nearestQuotient(product: number, low: number, error: number, divisor: number): number {
  const sum = product + low;
  const rest = error + (low - (sum - product));
  const quotient = sum / divisor;
  const back = quotient * divisor;
  const correction = (sum - back - productError(quotient, divisor, back) + rest) / divisor;
  const result = quotient + correction;
  const uncertainty = correction * 2 ** -40;
  return quotient + (correction + uncertainty) === result && quotient + (correction - uncertainty) === result
    ? result
    : Number.NaN;
}

/** The rounding error of `product`: the exact `a · b` minus `product` (Dekker's product). */
function productError(a: number, b: number, product: number): number {
  const bigA = splitter * a;
  const highA = bigA - (bigA - a);
  const lowA = a - highA;
  const bigB = splitter * b;
  const highB = bigB - (bigB - b);
  const lowB = b - highB;
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
}
