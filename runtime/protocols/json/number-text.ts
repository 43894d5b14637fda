import { exactPowers } from "./decimal-value.ts";

/**
 * Formats a float32 as TensorFlow Serving does: six digits of `%g` when they read back as the same float32, otherwise nine;
 * `.0` after whole numbers; `NaN`, `Infinity` and `-Infinity` as bare words, which strict JSON does not allow.
 */
export function float32Text(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-4 && magnitude < 1e6) {
    const text = fixedText(magnitude);
    if (text !== undefined) return value < 0 ? `-${text}` : text;
  }
  return decimalText(value, (text) => Math.fround(Number(text)) === value, 9);
}

/** Formats a float64 likewise: six digits when they read back as the same number, otherwise seventeen. */
export function float64Text(value: number): string {
  return decimalText(value, (text) => Number(text) === value, 17);
}

function decimalText(value: number, readsBack: (text: string) => boolean, maxDigits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  const short = generalText(value, 6);
  const text = readsBack(short) ? short : generalText(value, maxDigits);
  return text.includes(".") || text.includes("e") ? text : `${text}.0`;
}

/** C's `%.<digits>g`: rounds half to even, drops trailing zeros, writes at least two exponent digits. */
function generalText(value: number, digits: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const scientific = roundedHalfToEven(Math.abs(value), digits);
  const split = scientific.indexOf("e");
  const exponent = Number(scientific.slice(split + 1));
  const mantissa = scientific.slice(0, split).replace(".", "").replace(/0+$/, "");
  const sign = value < 0 ? "-" : "";
  if (exponent < -4 || exponent >= digits) {
    const fraction = mantissa.length > 1 ? `.${mantissa.slice(1)}` : "";
    const power = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${mantissa.charAt(0)}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  return sign + withDecimalPoint(mantissa, exponent);
}

/** Inserts the decimal point into `digits`, whose first digit counts 10**exponent. */
function withDecimalPoint(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = digits.slice(exponent + 1);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** `toExponential` with C's rounding: an exact half goes to the even digit, where JavaScript rounds it up. */
function roundedHalfToEven(value: number, digits: number): string {
  const rounded = value.toExponential(digits - 1);
  const odd = "13579".includes(rounded.charAt(rounded.indexOf("e") - 1));
  if (!odd) return rounded;
  const exact = value.toExponential(Math.min(digits + 60, 100));
  const rest = exact.slice(digits + 1, exact.indexOf("e"));
  return /^50*$/.test(rest) ? `${exact.slice(0, digits + 1)}${exact.slice(exact.indexOf("e"))}` : rounded;
}

/**
 * Fast path by arithmetic for a float32 in [1e-4, 1e6). A six-digit decimal that reads back as `value` is the nearest one,
 * since six-digit decimals lie ten times wider apart than float32s. `undefined` when the value is too close to a tie.
 */
function fixedText(value: number): string | undefined {
  const exponent = Math.floor(Math.log10(value));
  const short = Math.round(scaled(value, 5 - exponent));
  if (Math.fround(scaled(short, exponent - 5)) === value) return fixedPointText(short, 5 - exponent);
  const product = scaled(value, 8 - exponent);
  const long = Math.round(product);
  if (Math.abs(Math.abs(product - long) - 0.5) < 1e-5 || long < 1e8 || long >= 1e9) return undefined;
  return fixedPointText(long, 8 - exponent);
}

function scaled(value: number, power: number): number {
  return power >= 0 ? value * (exactPowers[power] ?? 1) : value / (exactPowers[-power] ?? 1);
}

/** Formats `digits / 10**decimals`, dropping trailing zeros but keeping one decimal. */
function fixedPointText(digits: number, decimals: number): string {
  if (decimals <= 0) return `${scaled(digits, -decimals)}.0`;
  const unit = exactPowers[decimals] ?? 1;
  const whole = Math.floor(digits / unit);
  let fraction = digits - whole * unit;
  let width = decimals;
  while (width > 1 && fraction % 10 === 0) {
    fraction /= 10;
    width -= 1;
  }
  return `${whole}.${String(fraction).padStart(width, "0")}`;
}
