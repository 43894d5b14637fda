import type { Outcome } from "./run.ts";
import type { Schedule } from "./schedule/schedule.ts";

/** What a failure prints: how to play it again, what the user did, what went wrong with it, and what came of it. */
export function report(
  { seed, phases, from = 0, operators, faults }: Schedule,
  { violations }: Outcome,
  mode = "schedules",
): string {
  const walk = phases.map((changes) =>
    changes.map(({ gapMs, name, act: { kind, ...rest } }) =>
      [gapMs === 0 ? "" : `after ${gapMs} ms`, kind, name, ...Object.values(rest).map(told)]
        .filter((part) => part !== "")
        .join(" "),
    ),
  );
  return [
    `seed ${seed} fails; play it again: npm run simulate -- ${mode} --seed ${seed}`,
    `operators: ${operators}`,
    ...walk.map((changes, phase) => `phase ${phase}: ${changes.join(", ")}${phase < from ? " (without faults)" : ""}`),
    `faults: ${JSON.stringify(faults)}`,
    ...violations.map((violation) => `  ${violation}`),
  ].join("\n");
}

function told(value: object | string | number | boolean | undefined): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
