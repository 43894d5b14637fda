import { parentPort } from "node:worker_threads";
import { modes } from "./modes.ts";
import { emptyCoverage } from "./oracle/coverage.ts";
import { report } from "./report.ts";
import { createSimulator } from "./simulator.ts";
import { count, type Hits } from "./world/ledger.ts";

/** Seeds from `first`, every `step`-th, `count` in all; undefined: there are no more. */
export type Share =
  | {
      readonly mode: keyof typeof modes;
      readonly first: number;
      readonly step: number;
      readonly count: number;
      /** What happens is told in `Played.digest`. */
      readonly isDigested: boolean;
    }
  | undefined;

/** What a worker tells about some schedules. */
export interface Played {
  /** The share is played: it waits for another. */
  readonly isDone: boolean;
  readonly schedules: number;
  readonly hits: Hits;
  /** What was tried, of that which this worker has not told before. */
  readonly befallen: readonly string[];
  readonly transitions: readonly string[];
  /** Writes that took something away, or tried to. */
  readonly removals: number;
  /** Those of the schedules, in any order. */
  readonly digest: bigint;
  /** How they failed. */
  readonly failures: readonly string[];
}

/** Schedules between two messages. */
const batch = 50;

const simulator = await createSimulator();
const told = emptyCoverage();
parentPort?.on("message", (share: Share) => {
  if (share === undefined) parentPort?.close();
  else void play(share);
});

async function play(share: NonNullable<Share>): Promise<void> {
  let played = empty();
  for (let index = 0; index < share.count; index += 1) {
    const { schedule, reference } = await modes[share.mode].trial(simulator, share.first + index * share.step);
    const { isDigested } = share;
    const outcome = await simulator.run(schedule, { reference, isDigested, coverage: played.coverage });
    played.digest ^= outcome.digest ?? 0n;
    played.schedules += 1;
    played.removals += outcome.removals;
    for (const [trouble, times] of Object.entries(outcome.hits)) count(played.hits, trouble as keyof Hits, times); // its own keys
    if (outcome.violations.length > 0) {
      const smallest = await simulator.shrunk(schedule, { reference });
      played.failures.push(report(smallest, await simulator.run(smallest, { reference }), share.mode));
    }
    const isDone = index + 1 === share.count;
    if (played.schedules < batch && !isDone) continue;
    const { coverage, ...rest } = played;
    const befallen = news(told.befallen, coverage.befallen);
    const transitions = news(told.transitions, coverage.transitions);
    parentPort?.postMessage({ ...rest, befallen, transitions, isDone } satisfies Played, []);
    played = empty();
  }
}

function empty() {
  const failures: string[] = [];
  const hits: Hits = {};
  return { schedules: 0, hits, removals: 0, digest: 0n, failures, coverage: emptyCoverage() };
}

/** What is not known yet, which is known from then on. */
function news(known: Set<string>, found: ReadonlySet<string>): readonly string[] {
  const unknown = [...found].filter((one) => !known.has(one));
  for (const one of unknown) known.add(one);
  return unknown;
}
