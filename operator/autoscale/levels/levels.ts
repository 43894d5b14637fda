import { bandOf, replicasOfBand } from "./band.ts";
import { type Gaps, keepSeconds, longestGap, withGap } from "./gaps.ts";
import { idleLevels, keptLevel, type Staircase, withNeed } from "./staircase.ts";
import { reference, triggers } from "./triggers.ts";
import { prices, ways } from "./ways.ts";

/** When each level of replicas was needed last, and how long it is worth keeping. Levels are bands. */
export interface Levels {
  /** By trigger. */
  readonly needed: readonly Staircase[];
  /** By band less one: how long it was idle before it was needed again. */
  readonly gaps: readonly Gaps[];
  /** By price and band less one: seconds that an idle level is kept for. */
  readonly keep: readonly (readonly number[])[];
}

const shortestKeepSeconds = 5;
/** How long the last price keeps a level of which nothing is known, and how many of its longest gaps otherwise. */
const unknownKeepSeconds = 900;
const patience = 4;
const longestKeepSeconds = 86_400;
/** Shorter pauses are no gap. */
const pauseSeconds = 3;

/** Nothing was ever needed. */
export const noLevels: Levels = { needed: triggers.map(() => []), gaps: [], keep: prices.map(() => []) };

/** The levels after a moment in which `needs` (replicas, by trigger) were needed. */
export function neededLevels(levels: Levels, needs: readonly number[], now: number): Levels {
  const returned = gapsEnded(levels, bandOf(needs[reference] ?? 0), now);
  const needed = levels.needed.map((stairs, trigger) => withNeed(stairs, bandOf(needs[trigger] ?? 0), now));
  return { gaps: returned.gaps, keep: returned.keep, needed };
}

/** Replicas that each way keeps at `now`. */
export function keptReplicas({ needed, keep }: Levels, now: number, holdSeconds: number): readonly number[] {
  return ways.map(({ trigger, price }) => {
    const kept = keep[price] ?? [];
    const unknown = unknownKeep(price);
    const seconds = (level: number): number => Math.max(holdSeconds, kept[level - 1] ?? unknown);
    return replicasOfBand(keptLevel(needed[trigger] ?? [], now, seconds));
  });
}

/** The seconds to keep each level for, worked out anew from the gaps. */
export function keepOfGaps(gaps: readonly Gaps[]): Levels["keep"] {
  return prices.map((_, price) => gaps.map((known) => keepOf(known, price)));
}

/** Notes the gaps of the levels that are needed again. */
function gapsEnded(levels: Levels, level: number, now: number): Levels {
  let gaps: Gaps[] | undefined;
  idleLevels(levels.needed[reference] ?? [], { level, now, pause: pauseSeconds }, (one, idle) => {
    gaps ??= levels.gaps.slice();
    while (gaps.length < one) gaps.push([]);
    gaps[one - 1] = withGap(gaps[one - 1] ?? [], idle);
  });
  return gaps === undefined ? levels : { ...levels, gaps, keep: keepOfGaps(gaps) };
}

function keepOf(gaps: Gaps, price: number): number {
  if (gaps.length === 0) return unknownKeep(price);
  const worth = prices[price] ?? 0;
  const seconds = Number.isFinite(worth)
    ? keepSeconds(gaps, worth)
    : Math.max(unknownKeepSeconds, patience * longestGap(gaps));
  return Math.min(longestKeepSeconds, Math.max(shortestKeepSeconds, seconds));
}

function unknownKeep(price: number): number {
  const worth = prices[price] ?? 0;
  return Number.isFinite(worth) ? worth : unknownKeepSeconds;
}
