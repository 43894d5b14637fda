import { drawFaults, drawWalk } from "./schedule/draw.ts";
import type { Schedule } from "./schedule/schedule.ts";
import type { PhaseReference } from "./phase.ts";
import { type Outcome, run, type RunOptions } from "./run.ts";
import { createReferences } from "./references.ts";
import { beginning, remaining } from "./under-way.ts";
import { createStage, type Stage } from "./world/stage.ts";

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
  const references = createReferences(stage);
  const simulator: Simulator = {
    async schedule(seed) {
      const { underWay, ...walk } = drawWalk(seed);
      const reference = await references.of(walk);
      // Where a change does nothing nothing is under way.
      const isBegun = underWay !== undefined && (reference[walk.from ?? 0]?.underWay ?? []).length > 0;
      const begun = isBegun ? { ...walk, underWay } : walk;
      return { ...begun, faults: drawFaults(begun, remaining(begun, reference)) };
    },
    reference: async (walk) => references.of(walk),
    run: async (schedule, options = {}) => {
      const reference = options.reference ?? (await references.of(schedule));
      return run(stage, schedule, { begin: beginning(schedule, reference), ...options, reference });
    },
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
