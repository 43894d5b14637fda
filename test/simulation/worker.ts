import { parentPort, workerData } from "node:worker_threads";
import { modes } from "./modes.ts";
import { report } from "./report.ts";
import { createSimulator } from "./simulator.ts";
import { count, type Hits } from "./world/ledger.ts";

/** Seeds from `first`, every `step`-th, `count` in all. */
export interface Share {
  readonly mode: keyof typeof modes;
  readonly first: number;
  readonly step: number;
  readonly count: number;
  /** What happens is told in `Played.digest`. */
  readonly isDigested: boolean;
}

/** What a worker tells about some schedules. */
export interface Played {
  readonly schedules: number;
  readonly hits: Hits;
  /** Writes that took something away, or tried to. */
  readonly removals: number;
  /** Those of the schedules, in any order. */
  readonly digest: bigint;
  /** How they failed. */
  readonly failures: readonly string[];
}

/** Schedules between two messages. */
const batch = 50;

const share = workerData as Share; // main.ts passes one
const simulator = await createSimulator();
let played = empty();
for (let index = 0; index < share.count; index += 1) {
  const { schedule, reference } = await modes[share.mode].trial(simulator, share.first + index * share.step);
  const outcome = await simulator.run(schedule, { reference, isDigested: share.isDigested });
  played.digest ^= outcome.digest ?? 0n;
  played.schedules += 1;
  played.removals += outcome.removals;
  for (const [trouble, times] of Object.entries(outcome.hits)) count(played.hits, trouble as keyof Hits, times); // its own keys
  if (outcome.violations.length > 0) {
    const smallest = await simulator.shrunk(schedule, { reference });
    played.failures.push(report(smallest, await simulator.run(smallest, { reference }), share.mode));
  }
  if (played.schedules < batch && index + 1 < share.count) continue;
  parentPort?.postMessage(played satisfies Played, []);
  played = empty();
}

function empty(): { schedules: number; hits: Hits; removals: number; digest: bigint; failures: string[] } {
  return { schedules: 0, hits: {}, removals: 0, digest: 0n, failures: [] };
}
