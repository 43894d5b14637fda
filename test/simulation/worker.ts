import { parentPort, workerData } from "node:worker_threads";
import { report } from "./report.ts";
import { createSimulator } from "./simulator.ts";

/** Seeds from `first`, every `step`-th, `count` in all. */
export interface Share {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** What a worker tells about a schedule. */
export interface Played {
  readonly faults: number;
  /** How it failed. */
  readonly failure?: string;
}

const share = workerData as Share; // main.ts passes one
const simulator = await createSimulator();
for (let index = 0; index < share.count; index += 1) {
  const schedule = await simulator.schedule(share.first + index * share.step);
  const outcome = await simulator.run(schedule);
  const played: Played = { faults: outcome.hits };
  if (outcome.violations.length === 0) {
    parentPort?.postMessage(played, []);
    continue;
  }
  const smallest = await simulator.shrunk(schedule);
  const failed: Played = { ...played, failure: report(smallest, await simulator.run(smallest)) };
  parentPort?.postMessage(failed, []);
}
