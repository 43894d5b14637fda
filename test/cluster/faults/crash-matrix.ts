import { type Calm, type CrashPoint, type Played, playCrashes, type Reference } from "./crash-chain.ts";
import type { Stage } from "./stage/stage.ts";

export interface MatrixOptions {
  readonly reference: Reference;
  /** How many chains of stories to play; every crash point is met with as many as `chainCount` says. */
  readonly chains: number;
  /** Chains at a time. */
  readonly parallel: number;
}

/** Requests beyond those of the calm run that are counted too: a story does not always need the same number. */
const margin = 1;

/** Before and after every request of a story. */
function crashPoints({ requests }: Calm): readonly CrashPoint[] {
  const numbers = Array.from({ length: requests + margin }, (_, index) => index + 1);
  return numbers.flatMap((request) => [
    { request, when: "before" as const },
    { request, when: "after" as const },
  ]);
}

/** How many chains it takes until each story has met each of its crash points. */
export function chainCount(reference: Reference): number {
  return Math.max(...[...reference.values()].map((calm) => crashPoints(calm).length));
}

/** Plays chains of stories, with crashes in them, in namespaces of their own. */
export async function playMatrix(stage: Stage, options: MatrixOptions): Promise<Played> {
  const { reference, parallel } = options;
  const all = chainCount(reference);
  const chains = Math.min(options.chains, all);
  const numbers = Array.from({ length: chains }, (_, index) => index);
  const results: Played[] = [];
  const work = async (): Promise<void> => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const chain = number;
      const pointOf = (calm: Calm): CrashPoint | undefined => pointIn(chain, chains, crashPoints(calm));
      results.push(await playCrashes(stage, { namespace: `crashes-${chain}`, reference, pointOf }));
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return {
    crashes: sum(results.map(({ crashes }) => crashes)),
    recovered: sum(results.map(({ recovered }) => recovered)),
    spared: sum(results.map(({ spared }) => spared)),
    failures: results.flatMap(({ failures }) => failures),
  };
}

/**
 * Spreads the points over the chains. Where there are fewer points than chains the first chains have them: the last ones are
 * short then, as a chain ends with its last point.
 */
function pointIn(chain: number, chains: number, points: readonly CrashPoint[]): CrashPoint | undefined {
  return points.length < chains ? points[chain] : points[Math.floor((chain * points.length) / chains)];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
