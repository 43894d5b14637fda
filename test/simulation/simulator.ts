import { drawFaults, drawWalk } from "./schedule/draw.ts";
import type { Schedule } from "./schedule/schedule.ts";
import type { PhaseReference } from "./phase.ts";
import { type Outcome, run, type RunOptions } from "./run.ts";
import { createReferences } from "./references.ts";
import { initialState, remaining } from "./checkpoints.ts";
import { createSharedServer, type SharedServer } from "./world/shared-server.ts";

/** Runs schedules one at a time, and caches the reference runs without faults. */
export interface Simulator {
  schedule(seed: number): Promise<Schedule>;
  /** The outcome of each phase without faults. */
  reference(walk: Omit<Schedule, "faults">): Promise<readonly PhaseReference[]>;
  /** Runs a schedule and compares it with `options.reference`; default: the run without faults. */
  run(schedule: Schedule, options?: RunOptions): Promise<Outcome>;
  /** A failing schedule without the faults that it can do without. */
  shrunk(schedule: Schedule, options?: RunOptions): Promise<Schedule>;
}

export async function createSimulator(): Promise<Simulator> {
  // Capturing a stack trace takes longer than a request, and nobody reads it.
  Error.stackTraceLimit = 0;
  const shared: SharedServer = await createSharedServer();
  const references = createReferences(shared);
  const simulator: Simulator = {
    async schedule(seed) {
      const { resumeAt, ...walk } = drawWalk(seed);
      const reference = await references.of(walk);
      // A change without effect has no checkpoints.
      const canResume = resumeAt !== undefined && (reference[walk.from ?? 0]?.checkpoints ?? []).length > 0;
      const resumed = canResume ? { ...walk, resumeAt } : walk;
      return { ...resumed, faults: drawFaults(resumed, remaining(resumed, reference)) };
    },
    reference: async (walk) => references.of(walk),
    run: async (schedule, options = {}) => {
      const reference = options.reference ?? (await references.of(schedule));
      return run(shared, schedule, { begin: initialState(schedule, reference), ...options, reference });
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
