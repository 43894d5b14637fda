import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bandOf, replicasOfBand } from "../../../../operator/autoscale/levels/band.ts";
import {
  type Gaps,
  gapsOf,
  gapsText,
  keepSeconds,
  longestGap,
  withGap,
} from "../../../../operator/autoscale/levels/gaps.ts";
import { keepReplicas, type Levels, newLevels, noteNeeds } from "../../../../operator/autoscale/levels/levels.ts";
import { keptLevel, type Staircase, thinned, withNeed } from "../../../../operator/autoscale/levels/staircase.ts";
import { triggers } from "../../../../operator/autoscale/levels/triggers.ts";
import { ways } from "../../../../operator/autoscale/levels/ways.ts";

describe("bands", () => {
  test("hold each number by itself up to 32 and at most 4 % more above", () => {
    for (let replicas = 0; replicas <= 10_000; replicas += 1) {
      const held = replicasOfBand(bandOf(replicas));
      const most = replicas <= 32 ? replicas : Math.ceil(replicas * 1.04);
      expect(held >= replicas && held <= most).toBe(true);
      expect(replicasOfBand(bandOf(replicas) - 1) < replicas || replicas === 0).toBe(true);
    }
  });
});

describe("a staircase", () => {
  const needs = fc.array(fc.nat({ max: 12 }), { maxLength: 60 });

  test("remembers of every level when it was needed last", () => {
    fc.assert(
      fc.property(needs, fc.nat({ max: 60 }), (levels, keep) => {
        let stairs: Staircase = [];
        levels.forEach((level, second) => (stairs = withNeed(stairs, level, second)));
        const now = levels.length;
        const want = Math.max(0, ...levels.map((level, second) => (now - second <= keep ? level : 0)));
        expect(keptLevel(stairs, now, { seconds: [], unknown: keep, least: 0 })).toBe(want);
      }),
    );
  });
});

describe("keepSeconds", () => {
  const gapsOf = (seconds: readonly number[]): Gaps => seconds.reduce<Gaps>(withGap, []);

  test("keeps through gaps that are short against a start", () => {
    const gaps = gapsOf([20, 30, 25, 20, 30]);
    expect(keepSeconds(gaps, 300)).toBeGreaterThanOrEqual(30);
    expect(keepSeconds(gaps, 300)).toBeLessThan(60);
  });

  test("lets go at once when gaps are long against a start", () => {
    expect(keepSeconds(gapsOf([900, 1200, 800, 2000]), 100)).toBe(0);
  });

  test("keeps through short gaps and lets go in long ones", () => {
    const gaps = gapsOf([10, 2000, 12, 11, 3000, 10, 12, 2500, 11]);
    expect(keepSeconds(gaps, 100)).toBeGreaterThanOrEqual(12);
    expect(keepSeconds(gaps, 100)).toBeLessThan(30);
  });

  test("never keeps longer when a start costs less", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 20 }), fc.nat(5000), (seconds, price) => {
        const gaps = gapsOf(seconds);
        expect(keepSeconds(gaps, price)).toBeLessThanOrEqual(keepSeconds(gaps, price + 500));
      }),
    );
  });

  test("the longest gap is remembered for about a hundred others", () => {
    const short = Array.from({ length: 90 }, () => 10);
    expect(longestGap(gapsOf([5000, ...short]))).toBeGreaterThan(5000);
    expect(longestGap(gapsOf([5000, ...short, ...short]))).toBeLessThan(100);
  });
});

test("gaps are told as text to about a tenth, whatever was seen", () => {
  const seen = fc.array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(seen, (seconds) => {
      const gaps = seconds.reduce<Gaps>(withGap, []);
      const recalled = gapsOf(gapsText(gaps));
      expect(recalled.length).toBe(gaps.length);
      gaps.forEach((count, bucket) => {
        expect(Math.abs((recalled[bucket] ?? Number.NaN) - count)).toBeLessThanOrEqual(0.01 + 0.11 * Math.sqrt(count));
      });
    }),
  );
});

test("a staircase of many steps is told by some, from the highest to the lowest", () => {
  const stairs = Array.from({ length: 40 }, (_, step) => [step, 40 - step]).flat();
  expect(thinned(stairs, 4)).toEqual([0, 40, 13, 27, 26, 14, 39, 1]);
  expect(thinned(stairs, 40)).toEqual(stairs);
});

describe("levels", () => {
  /** The levels after moments in which so many replicas were needed by every trigger, by second. */
  const levelsOf = (counts: Readonly<Record<number, number>>): Levels => {
    const levels = newLevels();
    for (const [second, count] of Object.entries(counts)) {
      const needs = triggers.map(() => count);
      noteNeeds(levels, needs, Number(second));
    }
    return levels;
  };
  const kept = (levels: Levels, now: number, holdSeconds: number): Float64Array => {
    const filled = new Float64Array(ways.length);
    keepReplicas(levels, { now, holdSeconds }, filled);
    return filled;
  };

  test("a level is kept by every way in the moment it is needed, and for longer where a start is worth more", () => {
    const levels = levelsOf({ 100: 5, 160: 1 });
    expect(new Set(kept(levels, 100, 0))).toEqual(new Set([5]));
    const later = kept(levels, 160, 0);
    expect(ways.map(({ price }, index) => [price, later[index]])).toEqual(
      ways.map(({ price }) => [price, price === 0 ? 1 : 5]),
    );
  });

  test("what the user sets holds for every way", () => {
    const levels = levelsOf({ 100: 5 });
    expect(new Set(kept(levels, 1000, 900))).toEqual(new Set([5]));
  });
});
