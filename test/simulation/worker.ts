import { parentPort } from "node:worker_threads";
import { modes } from "./modes.ts";
import { emptyCoverage } from "./oracle/coverage.ts";
import { report } from "./report.ts";
import { createSimulator } from "./simulator.ts";
import { count, type Hits } from "./world/ledger.ts";

/** The seeds `first`, `first + step`, …, `count` in all; undefined: no more work. */
export type Share =
  | {
      readonly mode: keyof typeof modes;
      readonly first: number;
      readonly step: number;
      readonly count: number;
      /** Whether to compute `Progress.digest`. */
      readonly isDigested: boolean;
    }
  | undefined;

/** A worker's report about a batch of schedules. */
export interface Progress {
  /** Whether the share is complete and the worker waits for the next one. */
  readonly isDone: boolean;
  readonly schedules: number;
  readonly hits: Hits;
  /** Coverage that this worker has not reported before. */
  readonly faultSituations: readonly string[];
  readonly transitions: readonly string[];
  /** Number of requests that delete or scale down. */
  readonly removals: number;
  /** XOR of the schedules' digests, which is independent of their order. */
  readonly digest: bigint;
  /** Reports of the failed schedules. */
  readonly failures: readonly string[];
}

/** Schedules per message. */
const batch = 50;

const simulator = await createSimulator();
const reported = emptyCoverage();
parentPort?.on("message", (share: Share) => {
  if (share === undefined) parentPort?.close();
  else void runShare(share);
});

async function runShare(share: NonNullable<Share>): Promise<void> {
  let progress = empty();
  for (let index = 0; index < share.count; index += 1) {
    const { schedule, reference } = await modes[share.mode].testCase(simulator, share.first + index * share.step);
    const { isDigested } = share;
    const outcome = await simulator.run(schedule, { reference, isDigested, coverage: progress.coverage });
    progress.digest ^= outcome.digest ?? 0n;
    progress.schedules += 1;
    progress.removals += outcome.removals;
    for (const [kind, times] of Object.entries(outcome.hits)) count(progress.hits, kind as keyof Hits, times); // its own keys
    if (outcome.violations.length > 0) {
      const smallest = await simulator.shrunk(schedule, { reference });
      progress.failures.push(report(smallest, await simulator.run(smallest, { reference }), share.mode));
    }
    const isDone = index + 1 === share.count;
    if (progress.schedules < batch && !isDone) continue;
    const { coverage, ...rest } = progress;
    const faultSituations = unreported(reported.faultSituations, coverage.faultSituations);
    const transitions = unreported(reported.transitions, coverage.transitions);
    parentPort?.postMessage({ ...rest, faultSituations, transitions, isDone } satisfies Progress, []);
    progress = empty();
  }
}

function empty() {
  const failures: string[] = [];
  const hits: Hits = {};
  return { schedules: 0, hits, removals: 0, digest: 0n, failures, coverage: emptyCoverage() };
}

/** The items that are not in `known`, which are then added to it. */
function unreported(known: Set<string>, found: ReadonlySet<string>): readonly string[] {
  const unknown = [...found].filter((one) => !known.has(one));
  for (const one of unknown) known.add(one);
  return unknown;
}
