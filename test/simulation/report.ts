import type { Outcome } from "./run.ts";
import type { Schedule } from "./schedule/schedule.ts";

/** The text of a failure: the command that replays it, the user's changes, the faults and the violations. */
export function report(
  { seed, phases, from = 0, operators, faults }: Schedule,
  { violations }: Outcome,
  mode = "schedules",
): string {
  const walk = phases.map((changes) =>
    changes.map(({ gapMs, name, act: { kind, ...rest } }) =>
      [gapMs === 0 ? "" : `after ${gapMs} ms`, kind, name, ...Object.values(rest).map(formatted)]
        .filter((part) => part !== "")
        .join(" "),
    ),
  );
  return [
    `seed ${seed} fails; replay: npm run simulate -- ${mode} --seed ${seed}`,
    `operators: ${operators}`,
    ...walk.map((changes, phase) => `phase ${phase}: ${changes.join(", ")}${phase < from ? " (without faults)" : ""}`),
    `faults: ${JSON.stringify(faults)}`,
    ...violations.map((violation) => `  ${violation}`),
  ].join("\n");
}

function formatted(value: object | string | number | boolean | undefined): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
