/**
 * Go's grammar of durations (time.ParseDuration) without sign, nanoseconds and microseconds. The number of digits is bounded, so that
 * nothing overflows Go's 64-bit nanoseconds.
 */
export const durationPattern = "^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

const whole = new RegExp(durationPattern);
const parts = /([0-9.]+)(ms|s|m|h)/g;

/** Milliseconds of a valid duration; NaN for any other text. */
export function durationMs(text: string): number {
  if (!whole.test(text)) return Number.NaN;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(parts)) {
    sum += Number(amount) * (unitMs[unit ?? ""] ?? Number.NaN);
  }
  return sum;
}
