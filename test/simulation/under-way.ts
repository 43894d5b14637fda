import type { Extent } from "./schedule/draw.ts";
import type { Schedule } from "./schedule/schedule.ts";
import type { Ledger } from "./world/ledger.ts";
import type { SavedState } from "./world/saved-state.ts";
import type { World } from "./world/world.ts";

/** How it was in the middle of a phase without faults, its change made and not carried out yet. */
export interface Stand extends Extent {
  readonly state: SavedState;
  /** Creations and deletions of operators up to then. */
  readonly acts: readonly string[];
}

/** What a phase without faults does. */
interface Course extends Extent {
  readonly acts: readonly string[];
  readonly underWay: readonly Stand[];
}

type Begun = Pick<Schedule, "from" | "underWay">;

/** A run without faults is at rest when nothing was written for this long: analyses take a minute, foreign objects are looked at every 30 s. */
const quietMs = 70_000;
/** What happens at rest belongs to a phase, too. */
export const restMs = 8_000;
/** Shorter than what a pod takes, or a user. */
const lookMs = 100;
/** Requests of an operator that starts. */
const startRequests = 10;

/** Lets time pass until nothing is written any more; how it was each time that something had been written, the last time at rest. */
export async function untilQuiet(world: World, stand: () => Stand): Promise<readonly [Stand, ...Stand[]]> {
  const stands: [Stand, ...Stand[]] = [stand()];
  let [written, quietSinceMs] = [world.changes, world.clock.monotonic()];
  while (world.clock.monotonic() - quietSinceMs < quietMs) {
    await world.advance(lookMs);
    if (written === world.changes) continue;
    [written, quietSinceMs] = [world.changes, world.clock.monotonic()];
    stands.push(stand());
  }
  return stands;
}

/** The state that a schedule begins in; undefined: an empty cluster. */
export function beginning(
  { from = 0, underWay }: Begun,
  phases: readonly (Course & Pick<Stand, "state">)[],
): SavedState | undefined {
  const first = phases[from];
  const stand = underWay === undefined || first === undefined ? undefined : standAt(first, underWay);
  return (stand ?? phases[from - 1])?.state;
}

/** Undefined: nothing followed. */
function standAt({ underWay }: Course, part: number): Stand | undefined {
  return underWay[Math.floor(part * underWay.length)];
}

/** What is left of each phase for a schedule, whose operators start in the middle of its first. */
export function remaining<T extends Course>({ from = 0, underWay }: Begun, phases: readonly T[]): readonly T[] {
  if (underWay === undefined) return phases;
  return phases.map((phase, index) => (index === from ? remainder(phase, underWay) : phase));
}

function remainder<T extends Course>(phase: T, part: number): T {
  const stand = standAt(phase, part);
  if (stand === undefined) return phase;
  const acts = [...phase.acts];
  for (const act of stand.acts) acts.splice(acts.indexOf(act), 1);
  return {
    ...phase,
    requests: phase.requests - stand.requests + startRequests,
    events: phase.events - stand.events + stand.state.objects.length,
    durationMs: phase.durationMs - stand.durationMs,
    acts,
  };
}

/** Creations and deletions of operators since there were so many writes, in order of the alphabet. */
export function actsSince({ writes }: Ledger, before: number): readonly string[] {
  const acts = writes.slice(before).filter((write) => /^(create|delete)/.test(write));
  return acts.sort();
}
