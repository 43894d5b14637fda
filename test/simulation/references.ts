import type { PhaseReference } from "./phase.ts";
import { run } from "./run.ts";
import type { Change, Schedule } from "./schedule/schedule.ts";
import { userWalk, wholePhases } from "./schedule/walk.ts";
import type { SavedState } from "./world/saved-state.ts";
import type { Stage } from "./world/stage.ts";

type Played = Omit<Schedule, "faults">;

/** What walks come to without faults, each played when it is first asked for. */
export interface References {
  /** What each phase of a walk comes to; of one before a schedule that begins in the middle, how it is then. */
  of(walk: Played): Promise<readonly PhaseReference[]>;
}

export function createReferences(stage: Stage): References {
  const known = new Map<string, readonly PhaseReference[]>();
  const stands = new Map<string, SavedState>();

  const play = async ({ underWay: _begins, ...walk }: Played): Promise<void> => {
    // What is compared with begins at the beginning.
    const { phases } = await run(stage, { ...walk, seed: 1, faults: [] });
    // What a walk begins with comes to the same whatever follows.
    for (let end = 1; end <= phases.length; end += 1) {
      known.set(keyOf({ ...walk, phases: walk.phases.slice(0, end) }), phases.slice(0, end));
    }
    // Whoever asks first, it is always the same state.
    if (walk.operators > 1) return;
    for (const [phase, { stands: found }] of phases.entries()) {
      for (const { index, afterMs, state } of found)
        stands.set(standKey((walk.phases[phase] ?? []).slice(0, index), afterMs), state);
    }
  };

  const stand = async (before: readonly Change[], afterMs: number, seed: number): Promise<SavedState | undefined> => {
    const key = standKey(before, afterMs);
    if (!stands.has(key)) await play({ seed, operators: 1, phases: wholeWalk(seed) });
    // Another walk than that of its seed.
    const passing: Change = { gapMs: afterMs, name: "shop", act: { kind: "annotate" } };
    if (!stands.has(key)) await play({ seed, operators: 1, phases: [[...before, passing]] });
    return stands.get(key);
  };

  const playFrom = async (walk: Played, afterMs: number): Promise<void> => {
    const begin = await stand(walk.phases[0] ?? [], afterMs, walk.seed);
    const { phases } = await run(stage, { ...walk, seed: 1, faults: [] }, { begin });
    const [first] = phases;
    if (first !== undefined && begin !== undefined) known.set(keyOf(walk), [{ ...first, state: begin }, ...phases]);
  };

  return {
    async of(walk) {
      const key = keyOf(walk);
      if (!known.has(key)) {
        const whole = wholeWalk(walk.seed);
        const isPart = keyOf({ ...walk, phases: whole.slice(0, walk.phases.length) }) === key;
        if (walk.afterMs !== undefined) await playFrom(walk, walk.afterMs);
        else await play({ ...walk, from: 0, phases: isPart ? whole : walk.phases });
      }
      return known.get(key) ?? [];
    },
  };
}

/** The walk of a seed up to its good end. */
function wholeWalk(seed: number): Schedule["phases"] {
  return wholePhases(userWalk(seed));
}

function keyOf({ phases, afterMs, operators }: Played): string {
  return JSON.stringify([phases, afterMs, operators]);
}

function standKey(before: readonly Change[], afterMs: number): string {
  return JSON.stringify([before, afterMs]);
}
