import type { RolloutSpec } from "../../../crds/v1alpha1/rollout/rollout.ts";
import { type Chance, createChance, seededRandom } from "./random.ts";
import {
  eventTroubles,
  momentTroubles,
  type RequestTrouble,
  requestTroubles,
  type Schedule,
  type ScheduledFault,
} from "./schedule.ts";
import { standsMs, userWalk, type Walk } from "./walk.ts";

/** How much happens in a phase without faults: faults are drawn from within it. */
export interface Extent {
  readonly requests: number;
  readonly events: number;
  readonly durationMs: number;
}

type Part = Pick<Schedule, "phases" | "from" | "afterMs" | "underWay">;

/** The walk of a seed, what part of it is played, and the number of operators. */
export function drawWalk(seed: number): Omit<Schedule, "faults"> {
  const chance = createChance(seededRandom(seed ^ 0x1f83d9ab));
  const walk = userWalk(seed);
  const operators = chance.isLucky(1 / 16) ? 2 : 1;
  return { seed, operators, ...(walk.isCalm ? calmPart(walk, chance) : hurriedPart(walk, chance)) };
}

/** One or two phases, from the state at the end of the one before, or in the middle of the first; now and then all of it. */
function calmPart({ changes }: Walk, chance: Chance): Part {
  const phases = changes.map((change) => [change]);
  const isWhole = chance.isLucky(1 / 32);
  if (isWhole) return { phases, from: 0 };
  const length = chance.isLucky(1 / 16) ? 2 : 1;
  const from = chance.whole(0, phases.length - length);
  const begun = chance.isLucky(2 / 3) ? { underWay: chance.fraction() } : {};
  return { phases: phases.slice(0, from + length), from, ...begun };
}

/** One change and a good end, or what is left of the end, from a state in the middle of what the changes before brought about; now and then all of it. */
function hurriedPart({ changes, ends }: Extract<Walk, { readonly isCalm: false }>, chance: Chance): Part {
  const wholeWalk = [...changes, ...(ends.at(-1) ?? [])];
  if (chance.isLucky(1 / 32)) return { phases: [wholeWalk], from: 0 };
  const index = chance.whole(0, wholeWalk.length - 1);
  const afterMs = chance.pick(standsMs(wholeWalk[index]?.gapMs ?? 0));
  const rest = index < changes.length ? (ends[index] ?? []) : wholeWalk.slice(index + 1);
  const played = [...wholeWalk.slice(index, index + 1), ...rest].map((change, place) =>
    place === 0 ? { ...change, gapMs: change.gapMs - afterMs } : change,
  );
  return index === 0
    ? { phases: [played], from: 0 }
    : { phases: [wholeWalk.slice(0, index), played], from: 1, afterMs };
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
      })).filter(({ trouble }) => !isDecisive(trouble, phases, phase)),
    ];
  });
}

const costsPods: ReadonlySet<ScheduledFault["trouble"]> = new Set(["kill-pod", "delete-child", "edit-replica-set"]);

/** It hangs on this fault what is right in the end. */
function isDecisive(trouble: ScheduledFault["trouble"], phases: Schedule["phases"], phase: number): boolean {
  if (trouble === "clock-forward" || trouble === "clock-back") return isLimitedAfter(phases, phase);
  return costsPods.has(trouble) && decidedByPods.some((isIn) => isIn(phases, phase));
}

/** Phases in which it hangs on a lost pod what is right in the end. */
const decidedByPods: readonly ((phases: Schedule["phases"], phase: number) => boolean)[] = [
  isPausedIn,
  isCrampedIn,
  isSupersededIn,
  isFromZeroIn,
];

/** A candidate that loses all its pods in a pause of the user's gets its weight back only as far as its steps say. */
function isPausedIn(phases: Schedule["phases"], phase: number): boolean {
  const acts = phases.slice(0, phase + 1).flatMap((changes) => changes.map(({ act }) => act));
  return acts.findLast((act) => act.kind === "pause")?.isPaused === true;
}

/** Where a candidate gets no room it takes that of any stable pod that is lost. */
function isCrampedIn(phases: Schedule["phases"], phase: number): boolean {
  return isLimitedIn(phases, phase) && rolloutIn(phases, phase)?.capacity === "Surge";
}

/**
 * A candidate takes the room of stable pods once its own have found none for a while: by a clock that is an hour wrong, at once.
 * A clock stays wrong in the phases that follow.
 */
function isLimitedAfter(phases: Schedule["phases"], phase: number): boolean {
  return phases.some((_, later) => later >= phase && isLimitedIn(phases, later));
}

function isLimitedIn(phases: Schedule["phases"], phase: number): boolean {
  const acts = phases.slice(0, phase + 1).flatMap((changes) => changes.map(({ act }) => act));
  return acts.findLast((act) => act.kind === "quota")?.pods !== undefined;
}

/** A candidate with all requests becomes the stable revision when the spec changes again and that one has lost its pods. */
function isSupersededIn(phases: Schedule["phases"], phase: number): boolean {
  const steps = rolloutIn(phases, phase)?.canary?.steps ?? [];
  return (
    steps.some(({ setWeight }) => setWeight === 100) && phases[phase]?.some(({ act }) => act.kind === "model") === true
  );
}

/** From zero a revision comes back that has pods: one whose ReplicaSet somebody else had scaled up does. */
function isFromZeroIn(phases: Schedule["phases"], phase: number): boolean {
  return phases
    .slice(0, phase + 1)
    .some((changes) => changes.some(({ act }) => act.kind === "replicas" && act.replicas === 0));
}

/** The rollout that is declared by the end of a phase. */
function rolloutIn(phases: Schedule["phases"], phase: number): RolloutSpec | undefined {
  const acts = phases.slice(0, phase + 1).flatMap((changes) => changes.map(({ act }) => act));
  return acts.findLast((act) => act.kind === "rollout" || act.kind === "create")?.rollout;
}

function listOf<T>(length: number, make: () => T): readonly T[] {
  return Array.from({ length }, make);
}
