import type { RolloutSpec, StepSpec } from "../../../crds/v1alpha1/rollout/rollout.ts";
import type { Chance } from "./random.ts";

/** Clocks are an hour wrong at times: no deadline may end by that. */
const progressDeadline = "24h";
/** Each judgement is a write. */
const analysis = { interval: "5s", minimumRequests: 50 };

/** Everything at once. */
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

/** Strategies whose rollouts end by themselves. */
export const endingStrategies: readonly [RolloutSpec, ...RolloutSpec[]] = [
  { progressDeadline, canary: { steps: [{ setWeight: 50 }, { pause: { duration: "2s" } }], maxSurge: 1 } },
  { progressDeadline, canary: { maxSurge: 0, maxUnavailable: 1 } },
  { progressDeadline, recreate: {} },
];

/** A strategy: mostly a canary. */
export function drawStrategy(chance: Chance): RolloutSpec {
  const limit = chance.isLucky(0.3) ? { revisionHistoryLimit: chance.whole(1, 2) } : {};
  const capacity = chance.isLucky(0.15) ? { capacity: chance.pick(["Swap", "Recreate", "Surge"] as const) } : {};
  const shared = { progressDeadline, analysis, ...limit, ...capacity };
  const kind = chance.pick(["canary", "canary", "canary", "canary", "blueGreen", "recreate"] as const);
  if (kind === "recreate") return { ...shared, recreate: {} };
  if (kind === "blueGreen") {
    return { ...shared, blueGreen: { autoPromote: chance.isLucky(0.5), scaleDownDelay: "5s" } };
  }
  return { ...shared, canary: { steps: [...chance.pick(stepLists)], ...chance.pick(rooms) } };
}
