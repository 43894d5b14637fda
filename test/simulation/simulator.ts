import { drawFaults, drawWalk } from "./schedule/draw.ts";
import type { Schedule } from "./schedule/schedule.ts";
import { type Outcome, type PhaseReference, run, type RunOptions } from "./run.ts";
import { createStage, type Stage } from "./world/stage.ts";
import { walkPhases, walkCount } from "./schedule/walk.ts";

/** Runs schedules one after the other; keeps the runs without faults that it compares with. */
export interface Simulator {
  schedule(seed: number): Promise<Schedule>;
  /** What each phase of a walk comes to without faults. */
  reference(walk: Omit<Schedule, "faults">): Promise<readonly PhaseReference[]>;
  /** Compared, where nothing else is said, with what the schedule comes to without faults. */
  run(schedule: Schedule, options?: RunOptions): Promise<Outcome>;
  /** The same failure with as few faults as possible. */
  shrunk(schedule: Schedule, options?: RunOptions): Promise<Schedule>;
}

export async function createSimulator(): Promise<Simulator> {
  // Nobody reads where a fault was made, and finding it out takes longer than a request.
  Error.stackTraceLimit = 0;
  const stage: Stage = await createStage();
  const references = new Map<string, readonly PhaseReference[]>();
  const keyOf = (phases: Schedule["phases"], operators: number): string => JSON.stringify([phases, operators]);
  const remember = async (phases: Schedule["phases"], operators: 1 | 2): Promise<void> => {
    const outcome = await run(stage, { seed: 1, phases, operators, faults: [] });
    // What a walk begins with comes to the same whatever follows.
    for (let end = 1; end <= phases.length; end += 1) {
      references.set(keyOf(phases.slice(0, end), operators), outcome.phases.slice(0, end));
    }
  };
  const simulator: Simulator = {
    async schedule(seed) {
      const walk = drawWalk(seed);
      if (!references.has(keyOf(walk.phases, walk.operators)))
        await remember(walkPhases(seed % walkCount), walk.operators);
      return { ...walk, faults: drawFaults(walk, await simulator.reference(walk)) };
    },
    async reference({ phases, operators }) {
      const key = keyOf(phases, operators);
      if (!references.has(key)) await remember(phases, operators);
      return references.get(key) ?? [];
    },
    run: async (schedule, options = {}) =>
      run(stage, schedule, { ...options, reference: options.reference ?? (await simulator.reference(schedule)) }),
    async shrunk(schedule, options) {
      let smallest = schedule;
      for (const fault of schedule.faults) {
        const faults = smallest.faults.filter((one) => one !== fault);
        const { violations } = await simulator.run({ ...smallest, faults }, options);
        if (violations.length > 0) smallest = { ...smallest, faults };
      }
      return smallest;
    },
  };
  return simulator;
}
