import { bandOf } from "./band.ts";
import { type Gaps, keepSeconds, longestGap, withGap } from "./gaps.ts";
import { reference, triggers } from "./triggers.ts";

/** When each level of replicas was needed last, and how long it is worth keeping. Levels are bands. */
export interface Levels {
  /** By trigger and band: the second at which it was needed last; the index is the band less one. */
  readonly needed: readonly (readonly number[])[];
  /** By band: how long it was idle before it was needed again. */
  readonly gaps: readonly Gaps[];
  /** By price and band: seconds that an idle level is kept for. */
  readonly keep: readonly (readonly number[])[];
}

/** What a start is worth in seconds of a replica, for which keeping is worked out; the last keeps whatever comes back. */
export const prices = [30, 500, Number.POSITIVE_INFINITY] as const;

const shortestKeepSeconds = 5;
/** How long the last price keeps a level of which nothing is known, and how many of its longest gaps otherwise. */
const unknownKeepSeconds = 3600;
const patience = 4;
const longestKeepSeconds = 86_400;
/** Shorter pauses are no gap. */
const pauseSeconds = 3;

/** Nothing was ever needed. */
export const noLevels: Levels = {
  needed: triggers.map(() => []),
  gaps: [],
  keep: prices.map(() => []),
};

/** The levels after a moment in which `needs` (replicas, by trigger) were needed. */
export function neededLevels(levels: Levels, needs: readonly number[], now: number): Levels {
  const known = bandOf(needs[reference] ?? 0);
  const returned = gapsEnded(levels, known, now);
  const needed = levels.needed.map((record, trigger) => withNeed(record, bandOf(needs[trigger] ?? 0), now));
  return { ...returned, needed };
}

/** The highest band that a trigger and a price keep at `now`. */
export function keptBand(
  { needed, keep }: Levels,
  { trigger, price }: { readonly trigger: number; readonly price: number },
  now: number,
  holdSeconds: number,
): number {
  const record = needed[trigger] ?? [];
  const kept = keep[price] ?? [];
  for (let index = record.length - 1; index >= 0; index -= 1) {
    const seconds = Math.max(holdSeconds, kept[index] ?? unknownKeep(price));
    if (now - (record[index] ?? 0) <= seconds) return index + 1;
  }
  return 0;
}

function withNeed(record: readonly number[], band: number, now: number): readonly number[] {
  if (band === 0) return record;
  const length = Math.max(record.length, band);
  const next = record.slice();
  for (let index = 0; index < band; index += 1) next[index] = now;
  next.length = length;
  return next;
}

/** Notes the gaps of the levels that are needed again. */
function gapsEnded(levels: Levels, band: number, now: number): Levels {
  const record = levels.needed[reference] ?? [];
  let gaps: Gaps[] | undefined;
  for (let index = 0; index < Math.min(band, record.length); index += 1) {
    const idle = now - (record[index] ?? now);
    if (idle > pauseSeconds) {
      gaps ??= Array.from(record, (_, known) => levels.gaps[known] ?? []);
      gaps[index] = withGap(gaps[index] ?? [], idle);
    }
  }
  if (gaps === undefined) return levels;
  const all = gaps;
  return { ...levels, gaps: all, keep: prices.map((_, price) => all.map((known) => keepOf(known, price))) };
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
