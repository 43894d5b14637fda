import { type Baseline, type CrashPoint, type CrashResults, runCrashChain, type Baselines } from "./crash-chain.ts";
import type { TestCluster } from "./cluster/test-cluster.ts";

/** Options of `runCrashMatrix`. */
export interface MatrixOptions {
  readonly baselines: Baselines;
  /** Number of chains to run; `chainCount` chains cover every crash point. */
  readonly chains: number;
  /** Number of chains that run at the same time. */
  readonly parallel: number;
}

/** Extra requests to crash at beyond those of the baseline: a story does not always take the same number. */
const margin = 1;

/** The points before and after every request of a story. */
function crashPoints({ requests }: Baseline): readonly CrashPoint[] {
  const numbers = Array.from({ length: requests + margin }, (_, index) => index + 1);
  return numbers.flatMap((request) => [
    { request, when: "before" as const },
    { request, when: "after" as const },
  ]);
}

/** Number of chains that it takes until each story has met each of its crash points. */
export function chainCount(baselines: Baselines): number {
  return Math.max(...[...baselines.values()].map((baseline) => crashPoints(baseline).length));
}

/** Runs chains of stories with crashes, each chain in its own namespace. */
export async function runCrashMatrix(cluster: TestCluster, options: MatrixOptions): Promise<CrashResults> {
  const { baselines, parallel } = options;
  const all = chainCount(baselines);
  const chains = Math.min(options.chains, all);
  const numbers = Array.from({ length: chains }, (_, index) => index);
  const results: CrashResults[] = [];
  const work = async (): Promise<void> => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const chain = number;
      const pointOf = (baseline: Baseline): CrashPoint | undefined => pointIn(chain, chains, crashPoints(baseline));
      results.push(await runCrashChain(cluster, { namespace: `crashes-${chain}`, baselines, pointOf }));
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return {
    crashes: sum(results.map(({ crashes }) => crashes)),
    recovered: sum(results.map(({ recovered }) => recovered)),
    notReached: sum(results.map(({ notReached }) => notReached)),
    failures: results.flatMap(({ failures }) => failures),
  };
}

/**
 * Spreads the points over the chains. With fewer points than chains, the first chains get them, and the last chains are short, as
 * a chain ends with its last point.
 */
function pointIn(chain: number, chains: number, points: readonly CrashPoint[]): CrashPoint | undefined {
  return points.length < chains ? points[chain] : points[Math.floor((chain * points.length) / chains)];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
