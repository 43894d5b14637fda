import { Type, type TString } from "typebox";

import { rule } from "./rule.ts";
import { matching } from "./text.ts";

/**
 * Go's grammar of a duration (time.ParseDuration) without sign, nanoseconds and microseconds. Digits are bounded, so
 * that no text overflows Go's 64-bit nanoseconds.
 */
const pattern = "^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$";
const maxLength = 20;

/** A span of time as Kubernetes writes it: `50ms`, `1m30s`, `1.5h`, within bounds. */
export function duration(options: {
  readonly description: string;
  readonly assumed?: string;
  /** Shortest duration allowed, itself a duration. */
  readonly atLeast: string;
  /** Longest duration allowed, itself a duration. */
  readonly atMost: string;
}): TString {
  const { atLeast, atMost, ...described } = options;
  const shortestMs = durationMs(atLeast);
  const longestMs = durationMs(atMost);
  const bounds = rule<string>({
    // Text that is no duration is the other rule's complaint; duration() would add an unreadable one.
    cel: `!self.matches('${pattern}') || (duration(self) >= duration('${atLeast}') && duration(self) <= duration('${atMost}'))`,
    message: `must be between ${atLeast} and ${atMost}`,
    holds: (self) => !(durationMs(self) < shortestMs || durationMs(self) > longestMs),
  });
  const form = matching(pattern, "must be a duration such as 50ms, 30s or 1m30s");
  return Type.String({ maxLength, ...described, rules: [form, bounds] });
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration that has passed validation; NaN for any other text. */
export function durationMs(text: string): number {
  if (!new RegExp(pattern).test(text)) return Number.NaN;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ms|s|m|h)/g)) {
    sum += Number(amount) * (unitMs[unit ?? ""] ?? Number.NaN);
  }
  return sum;
}
