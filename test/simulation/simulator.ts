import type { Log } from "../../runtime/base/log.ts";
import { drawFaults, drawWalk } from "./schedule/draw.ts";
import type { Schedule } from "./schedule/schedule.ts";
import { type Outcome, type PhaseReference, run } from "./run.ts";
import { createStage, type Stage } from "./world/stage.ts";

/** Runs schedules one after the other; keeps the runs without faults that it compares with. */
export interface Simulator {
  schedule(seed: number): Promise<Schedule>;
  run(schedule: Schedule, log?: Log): Promise<Outcome>;
  /** The same failure with as few faults as possible. */
  shrunk(schedule: Schedule): Promise<Schedule>;
}

export async function createSimulator(): Promise<Simulator> {
  const stage: Stage = await createStage();
  const references = new Map<string, Promise<readonly PhaseReference[]>>();
  const reference = (walk: Omit<Schedule, "faults">): Promise<readonly PhaseReference[]> => {
    const key = JSON.stringify([walk.phases, walk.operators]);
    const known = references.get(key) ?? run(stage, { ...walk, seed: 1, faults: [] }).then(({ phases }) => phases);
    references.set(key, known);
    return known;
  };
  const simulator: Simulator = {
    async schedule(seed) {
      const walk = drawWalk(seed);
      return { ...walk, faults: drawFaults(seed, await reference(walk)) };
    },
    run: async (schedule, log) => run(stage, schedule, await reference(schedule), log),
    async shrunk(schedule) {
      let smallest = schedule;
      for (const fault of schedule.faults) {
        const faults = smallest.faults.filter((one) => one !== fault);
        const { violations } = await simulator.run({ ...smallest, faults });
        if (violations.length > 0) smallest = { ...smallest, faults };
      }
      return smallest;
    },
  };
  return simulator;
}
