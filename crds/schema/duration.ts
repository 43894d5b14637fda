import { Type, type TString } from "typebox";

import { durationMs, durationPattern } from "./grammar/duration.ts";
import { rule } from "./rule.ts";
import { matching } from "./text.ts";

const maxLength = 20;

/** A duration in the notation of Kubernetes, within bounds: `50ms`, `1m30s`, `1.5h`. */
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
    // Text that is not a duration violates the other rule only; duration() would add an unreadable error.
    cel: `!self.matches('${durationPattern}') || (duration(self) >= duration('${atLeast}') && duration(self) <= duration('${atMost}'))`,
    message: `must be between ${atLeast} and ${atMost}`,
    holds: (self) => !(durationMs(self) < shortestMs || durationMs(self) > longestMs),
  });
  const form = matching(durationPattern, "must be a duration such as 50ms, 30s or 1m30s");
  return Type.String({ maxLength, ...described, rules: [form, bounds] });
}
