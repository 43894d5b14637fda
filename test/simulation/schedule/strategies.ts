import type { RolloutSpec, StepSpec } from "../../../crds/v1alpha1/rollout/rollout.ts";
import type { RandomSource } from "./random.ts";

/** Longer than the clock faults, which are an hour: a wrong clock must not reach the deadline. */
const progressDeadline = "24h";
/** The interval limits the number of writes: each analysis result is one. */
const analysis = { interval: "5s", minimumRequests: 50 };

/** A rollout without steps. */
export const plain: RolloutSpec = { progressDeadline };

const stepLists: readonly [readonly StepSpec[], ...(readonly StepSpec[])[]] = [
  [{ setWeight: 25 }, { pause: { duration: "4s" } }, { setWeight: 50 }, { analyze: { duration: "8s" } }],
  [{ setWeight: 50 }, { pause: {} }],
  [{ setWeight: 10 }, { analyze: { duration: "5s" } }, { setWeight: 60 }, { pause: { duration: "3s" } }],
  [{ setWeight: 0 }, { pause: {} }, { setWeight: 34 }, { pause: { duration: "2s" } }, { setWeight: 67 }],
  [{ setWeight: 100 }, { pause: {} }],
  [{ pause: { duration: "3s" } }, { setWeight: 50 }, { analyze: {} }, { setWeight: 20 }, { pause: {} }],
];

const rooms: readonly [object, ...object[]] = [
  {},
  {},
  { maxSurge: 1 },
  { maxSurge: 0, maxUnavailable: 1 },
  { maxSurge: "25%", maxUnavailable: "50%" },
  { maxSurge: 2, maxUnavailable: 1 },
];

/** Strategies whose rollouts complete without the user. */
export const endingStrategies: readonly [RolloutSpec, ...RolloutSpec[]] = [
  { progressDeadline, canary: { steps: [{ setWeight: 50 }, { pause: { duration: "2s" } }], maxSurge: 1 } },
  { progressDeadline, canary: { maxSurge: 0, maxUnavailable: 1 } },
  { progressDeadline, recreate: {} },
];

/** Draws a strategy, mostly a canary. */
export function drawStrategy(random: RandomSource): RolloutSpec {
  const limit = random.bool(0.3) ? { revisionHistoryLimit: random.integer(1, 2) } : {};
  const capacity = random.bool(0.15)
    ? { capacity: random.pick(["Swap", "Recreate", "Surge", "InPlace"] as const) }
    : {};
  const shared = { progressDeadline, analysis, ...limit, ...capacity };
  const kind = random.pick(["canary", "canary", "canary", "canary", "blueGreen", "recreate"] as const);
  if (kind === "recreate") return { ...shared, recreate: {} };
  if (kind === "blueGreen") {
    return { ...shared, blueGreen: { autoPromote: random.bool(0.5), scaleDownDelay: "5s" } };
  }
  return { ...shared, canary: { steps: [...random.pick(stepLists)], ...random.pick(rooms) } };
}
