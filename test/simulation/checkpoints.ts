import type { Extent } from "./schedule/draw.ts";
import type { Schedule } from "./schedule/schedule.ts";
import type { Ledger } from "./world/ledger.ts";
import type { SavedState } from "./world/saved-state.ts";
import type { World } from "./world/world.ts";

/** A state in the middle of a phase without faults, after its change and before convergence. */
export interface Checkpoint extends Extent {
  readonly state: SavedState;
  /** Creations and deletions of operators before the checkpoint. */
  readonly acts: readonly string[];
}

/** The extent, writes and checkpoints of a phase without faults. */
interface PhaseProgress extends Extent {
  readonly acts: readonly string[];
  readonly checkpoints: readonly Checkpoint[];
}

type StartPoint = Pick<Schedule, "from" | "resumeAt">;

/** A run without faults has converged when nothing was written for this long: analyses take a minute, foreign objects are checked every 30 s. */
const quietMs = 70_000;
/** Time at rest that belongs to the phase. */
export const restMs = 8_000;
/** Shorter than the start of a pod or the gap between changes. */
const pollMs = 100;
/** Requests of an operator's start. */
const startRequests = 10;

/** Advances time until nothing is written any more. Returns a checkpoint after each write; the last one is at rest. */
export async function untilQuiet(
  world: World,
  checkpoint: () => Checkpoint,
): Promise<readonly [Checkpoint, ...Checkpoint[]]> {
  const checkpoints: [Checkpoint, ...Checkpoint[]] = [checkpoint()];
  let [written, quietSinceMs] = [world.changes, world.clock.monotonic()];
  while (world.clock.monotonic() - quietSinceMs < quietMs) {
    await world.advance(pollMs);
    if (written === world.changes) continue;
    [written, quietSinceMs] = [world.changes, world.clock.monotonic()];
    checkpoints.push(checkpoint());
  }
  return checkpoints;
}

/** The initial state of a schedule; undefined: an empty cluster. */
export function initialState(
  { from = 0, resumeAt }: StartPoint,
  phases: readonly (PhaseProgress & Pick<Checkpoint, "state">)[],
): SavedState | undefined {
  const first = phases[from];
  const checkpoint = resumeAt === undefined || first === undefined ? undefined : checkpointAt(first, resumeAt);
  return (checkpoint ?? phases[from - 1])?.state;
}

/** The checkpoint at a fraction of the phase; undefined when the change had no effect. */
function checkpointAt({ checkpoints }: PhaseProgress, part: number): Checkpoint | undefined {
  return checkpoints[Math.floor(part * checkpoints.length)];
}

/** The rest of each phase, for a schedule that begins at a checkpoint of its first phase. */
export function remaining<T extends PhaseProgress>(
  { from = 0, resumeAt }: StartPoint,
  phases: readonly T[],
): readonly T[] {
  if (resumeAt === undefined) return phases;
  return phases.map((phase, index) => (index === from ? remainder(phase, resumeAt) : phase));
}

function remainder<T extends PhaseProgress>(phase: T, part: number): T {
  const checkpoint = checkpointAt(phase, part);
  if (checkpoint === undefined) return phase;
  const acts = [...phase.acts];
  for (const act of checkpoint.acts) acts.splice(acts.indexOf(act), 1);
  return {
    ...phase,
    requests: phase.requests - checkpoint.requests + startRequests,
    events: phase.events - checkpoint.events + checkpoint.state.objects.length,
    durationMs: phase.durationMs - checkpoint.durationMs,
    acts,
  };
}

/** The operators' creations and deletions after the first `before` writes, sorted. */
export function actsSince({ writes }: Ledger, before: number): readonly string[] {
  const acts = writes.slice(before).filter((write) => /^(create|delete)/.test(write));
  return acts.sort();
}
