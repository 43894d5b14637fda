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

/**
 * The walk of a seed, where in it the schedule begins, and the number of operators. Of a walk that comes to rest after
 * every change most schedules play one phase, from the state at the end of the one before; the others play all of it.
 */
export function drawWalk(seed: number): Omit<Schedule, "faults"> {
  const chance = createChance(seededRandom(seed ^ 0x1f83d9ab));
  const phases = walkPhases(seed % walkCount);
  const operators = chance.isLucky(1 / 16) ? 2 : 1;
  if (phases.length === 1 || chance.isLucky(1 / 10)) return { seed, phases, from: 0, operators };
  const from = chance.whole(0, phases.length - 1);
  return { seed, phases: phases.slice(0, from + 1), from, operators };
}

/** The faults of a seed: about a dozen. */
export function drawFaults(
  { seed, from = 0, phases }: Omit<Schedule, "faults">,
  extents: readonly Extent[],
): readonly ScheduledFault[] {
  const chance = createChance(seededRandom(seed ^ 0x5bd1e995));
  const requests: readonly [RequestTrouble, ...RequestTrouble[]] = chance.isLucky(1 / 5)
    ? ["crash-before", "crash-after"]
    : requestTroubles;
  // Enough for a schedule of one phase; the others have some more.
  const share = Math.max(1 / 3, 1 / (phases.length - from));
  return extents.slice(from).flatMap((extent, index) => {
    const phase = from + index;
    const count = (least: number, most: number): number => Math.ceil(chance.whole(least, most) * share);
    const place = (most: number) => ({ phase, at: Math.floor(chance.fraction() * most), amount: chance.fraction() });
    return [
      ...listOf(requests === requestTroubles ? count(1, 7) : count(1, 3), (): ScheduledFault => ({
        on: "request",
        trouble: chance.pick(requests),
        ...place(extent.requests * 1.1),
      })),
      ...listOf(count(2, 12), (): ScheduledFault => ({
        on: "event",
        trouble: chance.pick(eventTroubles),
        ...place(extent.events * 1.1),
      })),
      ...listOf(count(1, 4), (): ScheduledFault => ({
        on: "moment",
        trouble: chance.pick(momentTroubles),
        ...place(extent.durationMs),
      })).filter(
        ({ trouble }) => !costsPods.has(trouble) || !(isPausedIn(phases, phase) || isCrampedIn(phases, phase)),
      ),
    ];
  });
}

/** A candidate that loses all its pods in a pause of the user's gets its weight back only as far as its steps say. */
const costsPods: ReadonlySet<ScheduledFault["trouble"]> = new Set(["kill-pod", "delete-child", "edit-replica-set"]);

function isPausedIn(phases: Schedule["phases"], phase: number): boolean {
  const acts = phases.slice(0, phase + 1).flatMap((changes) => changes.map(({ act }) => act));
  return acts.findLast((act) => act.kind === "pause")?.isPaused === true;
}

/** Where a candidate gets no room it takes that of any stable pod that is lost. */
function isCrampedIn(phases: Schedule["phases"], phase: number): boolean {
  const acts = phases.slice(0, phase + 1).flatMap((changes) => changes.map(({ act }) => act));
  const quota = acts.findLast((act) => act.kind === "quota");
  const declared = acts.findLast((act) => act.kind === "rollout" || act.kind === "create");
  return quota?.pods !== undefined && declared?.rollout?.capacity === "Surge";
}

function listOf<T>(length: number, make: () => T): readonly T[] {
  return Array.from({ length }, make);
}
