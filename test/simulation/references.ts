import type { PhaseReference } from "./phase.ts";
import { run } from "./run.ts";
import type { Change, Schedule } from "./schedule/schedule.ts";
import { userWalk, wholePhases } from "./schedule/walk.ts";
import type { SavedState } from "./world/saved-state.ts";
import type { SharedServer } from "./world/shared-server.ts";

type FaultlessSchedule = Omit<Schedule, "faults">;

/** The outcomes of walks without faults, computed on first use. */
export interface References {
  /** The outcome of each phase of a walk; for a phase before the start of a schedule, the state at that start. */
  of(walk: FaultlessSchedule): Promise<readonly PhaseReference[]>;
}

export function createReferences(shared: SharedServer): References {
  const known = new Map<string, readonly PhaseReference[]>();
  const checkpoints = new Map<string, SavedState>();

  const runWalk = async ({ resumeAt: _begins, ...walk }: FaultlessSchedule): Promise<void> => {
    // A reference always begins with an empty cluster.
    const { phases } = await run(shared, { ...walk, seed: 1, faults: [] });
    // The outcome of a prefix of a walk does not depend on the rest.
    for (let end = 1; end <= phases.length; end += 1) {
      known.set(keyOf({ ...walk, phases: walk.phases.slice(0, end) }), phases.slice(0, end));
    }
    // Only walks with one operator are saved, so that a checkpoint does not depend on which walk ran first.
    if (walk.operators > 1) return;
    for (const [phase, { gapCheckpoints: found }] of phases.entries()) {
      for (const { index, afterMs, state } of found)
        checkpoints.set(checkpointKey((walk.phases[phase] ?? []).slice(0, index), afterMs), state);
    }
  };

  const checkpoint = async (
    before: readonly Change[],
    afterMs: number,
    seed: number,
  ): Promise<SavedState | undefined> => {
    const key = checkpointKey(before, afterMs);
    if (!checkpoints.has(key)) await runWalk({ seed, operators: 1, phases: wholeWalk(seed) });
    // The walk is not the one of its seed.
    const noop: Change = { gapMs: afterMs, name: "shop", act: { kind: "annotate" } };
    if (!checkpoints.has(key)) await runWalk({ seed, operators: 1, phases: [[...before, noop]] });
    return checkpoints.get(key);
  };

  const runFrom = async (walk: FaultlessSchedule, afterMs: number): Promise<void> => {
    const begin = await checkpoint(walk.phases[0] ?? [], afterMs, walk.seed);
    const { phases } = await run(shared, { ...walk, seed: 1, faults: [] }, { begin });
    const [first] = phases;
    if (first !== undefined && begin !== undefined) known.set(keyOf(walk), [{ ...first, state: begin }, ...phases]);
  };

  return {
    async of(walk) {
      const key = keyOf(walk);
      if (!known.has(key)) {
        const whole = wholeWalk(walk.seed);
        const isPart = keyOf({ ...walk, phases: whole.slice(0, walk.phases.length) }) === key;
        if (walk.afterMs !== undefined) await runFrom(walk, walk.afterMs);
        else await runWalk({ ...walk, from: 0, phases: isPart ? whole : walk.phases });
      }
      return known.get(key) ?? [];
    },
  };
}

/** The complete walk of a seed, including its final changes. */
function wholeWalk(seed: number): Schedule["phases"] {
  return wholePhases(userWalk(seed));
}

function keyOf({ phases, afterMs, operators }: FaultlessSchedule): string {
  return JSON.stringify([phases, afterMs, operators]);
}

function checkpointKey(before: readonly Change[], afterMs: number): string {
  return JSON.stringify([before, afterMs]);
}
