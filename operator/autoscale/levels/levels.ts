import { bandOf, replicasOfBand } from "./band.ts";
import { type Gaps, keepSeconds, longestGap, withGap } from "./gaps.ts";
import { idleLevels, keptLevel, type Staircase, withNeed } from "./staircase.ts";
import { reference, triggers } from "./triggers.ts";
import { prices, ways } from "./ways.ts";

/** When each level of replicas was needed last, and how long it is worth keeping. Levels are bands. */
export interface Levels {
  /** By trigger. */
  readonly needed: Staircase[];
  /** By band less one: how long it was idle before it was needed again. */
  readonly gaps: Gaps[];
  /** By price and band less one: seconds that an idle level is kept for. */
  readonly keep: readonly number[][];
}

const shortestKeepSeconds = 5;
/** How long the last price keeps a level of which nothing is known, and how many of its longest gaps otherwise. */
const unknownKeepSeconds = 3600;
const patience = 4;
const longestKeepSeconds = 86_400;
/** Shorter pauses are no gap. */
const pauseSeconds = 3;

/** Nothing was ever needed. */
export function newLevels(): Levels {
  return { needed: triggers.map(() => []), gaps: [], keep: keepOfGaps([]) };
}

/** Notes a moment in which `needs` (replicas, by trigger) were needed. */
export function noteNeeds(levels: Levels, needs: ArrayLike<number>, now: number): void {
  const { needed } = levels;
  noteGaps(levels, bandOf(needs[reference] ?? 0), now);
  for (let trigger = 0; trigger < triggers.length; trigger += 1) {
    needed[trigger] = withNeed(needed[trigger] ?? [], bandOf(needs[trigger] ?? 0), now);
  }
}

/** Fills `kept` with the replicas that each way keeps at `now`. */
export function keepReplicas(
  { needed, keep }: Levels,
  { now, holdSeconds }: { readonly now: number; readonly holdSeconds: number },
  kept: Float64Array,
): void {
  for (let way = 0; way < ways.length; way += 1) {
    const { trigger = 0, price = 0 } = ways[way] ?? {};
    const keeping = { seconds: keep[price] ?? nothing, unknown: unknownKeeps[price] ?? 0, least: holdSeconds };
    kept[way] = replicasOfBand(keptLevel(needed[trigger] ?? nothing, now, keeping));
  }
}

/** The seconds to keep each level for, worked out from the gaps. */
export function keepOfGaps(gaps: readonly Gaps[]): number[][] {
  return prices.map((_, price) => gaps.map((known) => keepOf(known, price)));
}

/** Notes the gaps of the levels that are needed again. */
function noteGaps(levels: Levels, level: number, now: number): void {
  const { gaps, keep } = levels;
  idleLevels(levels.needed[reference] ?? [], { level, now, pause: pauseSeconds }, (one, idle) => {
    while (gaps.length < one) {
      gaps.push([]);
      keep.forEach((kept, price) => kept.push(keepOf([], price)));
    }
    const known = withGap(gaps[one - 1] ?? [], idle);
    gaps[one - 1] = known;
    keep.forEach((kept, price) => (kept[one - 1] = keepOf(known, price)));
  });
}

function keepOf(gaps: Gaps, price: number): number {
  if (gaps.length === 0) return unknownKeeps[price] ?? 0;
  const worth = prices[price] ?? 0;
  const seconds = Number.isFinite(worth)
    ? keepSeconds(gaps, worth)
    : Math.max(unknownKeepSeconds, patience * longestGap(gaps));
  return Math.min(longestKeepSeconds, Math.max(shortestKeepSeconds, seconds));
}

const nothing: readonly number[] = [];

/** By price, how long a level is kept of which nothing is known. */
const unknownKeeps = prices.map((worth) => (Number.isFinite(worth) ? worth : unknownKeepSeconds));
