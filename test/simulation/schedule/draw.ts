import { createChance, seededRandom } from "./random.ts";
import {
  eventTroubles,
  momentTroubles,
  type RequestTrouble,
  requestTroubles,
  type Schedule,
  type ScheduledFault,
} from "./schedule.ts";
import { walkCount, walkPhases } from "./walk.ts";

/** How much happens in a phase without faults: faults are drawn from within it. */
export interface Extent {
  readonly requests: number;
  readonly events: number;
  readonly durationMs: number;
}

/** The walk and the number of operators of a seed. */
export function drawWalk(seed: number): Pick<Schedule, "seed" | "phases" | "operators"> {
  return { seed, phases: walkPhases(seed % walkCount), operators: Math.floor(seed / walkCount) % 8 === 7 ? 2 : 1 };
}

/** The faults of a seed: some dozen over the walk. */
export function drawFaults(seed: number, extents: readonly Extent[]): readonly ScheduledFault[] {
  const chance = createChance(seededRandom(seed ^ 0x5bd1e995));
  const density = chance.pick([0.03, 0.1, 0.25]);
  const requests: readonly [RequestTrouble, ...RequestTrouble[]] = chance.isLucky(0.5)
    ? requestTroubles
    : ["crash-before", "crash-after"];
  return extents.flatMap((extent, phase) => {
    const count = (size: number): number => Math.ceil(chance.fraction() * density * size);
    const place = (most: number) => ({ phase, at: Math.floor(chance.fraction() * most), amount: chance.fraction() });
    return [
      ...listOf(Math.min(10, count(extent.requests)), (): ScheduledFault => ({
        on: "request",
        trouble: chance.pick(requests),
        ...place(extent.requests * 1.2),
      })),
      ...listOf(Math.min(14, count(extent.events)), (): ScheduledFault => ({
        on: "event",
        trouble: chance.pick(eventTroubles),
        ...place(extent.events * 1.2),
      })),
      ...listOf(chance.whole(0, 3), (): ScheduledFault => ({
        on: "moment",
        trouble: chance.pick(momentTroubles),
        ...place(extent.durationMs),
      })),
    ];
  });
}

function listOf<T>(length: number, make: () => T): readonly T[] {
  return Array.from({ length }, make);
}
