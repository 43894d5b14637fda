import { expect, test } from "vitest";
import type { Clock } from "../../../../../runtime/base/clock.ts";
import type { Probe } from "../../../../../operator/kube/kinds/container.ts";
import { probeLoop } from "../../../../../operator/local/kubelet/container/probe-loop.ts";

/** A clock whose sleeps return at once and advance the time. */
function jumpingClock(): Clock {
  let nowMs = 0;
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: (ms) => {
      nowMs += ms;
      return Promise.resolve();
    },
    after: () => () => {},
  };
}

interface Run {
  readonly probe: Probe;
  readonly retriesFast: boolean;
  readonly initially: boolean | undefined;
  /** Whether the program passes at this time. */
  readonly passes: (ms: number) => boolean;
  readonly untilMs: number;
}

/** Every attempt, counted failure and verdict with its time. */
async function story({ probe, retriesFast, initially, passes, untilMs }: Run) {
  const clock = jumpingClock();
  const end = new AbortController();
  const told = { attempts: [] as number[], failures: [] as number[], verdicts: [] as [number, boolean][] };
  await probeLoop({
    probe,
    clock,
    signal: end.signal,
    retriesFast,
    initially,
    attempt: () => {
      const nowMs = Math.round(clock.monotonic());
      if (nowMs >= untilMs) end.abort();
      told.attempts.push(nowMs);
      return Promise.resolve(passes(nowMs) ? { passed: true } : { passed: false, message: "no" });
    },
    onFailure: () => told.failures.push(Math.round(clock.monotonic())),
    onVerdict: (passing) => {
      told.verdicts.push([Math.round(clock.monotonic()), passing]);
      return false;
    },
  });
  return told;
}

test("a fast-retrying probe runs every 100 ms at first, and at least once a second until it passes", async () => {
  const { attempts, verdicts } = await story({
    probe: { periodSeconds: 5 },
    retriesFast: true,
    initially: false,
    passes: (ms) => ms >= 15_000,
    untilMs: 25_000,
  });
  expect(attempts.slice(0, 4)).toEqual([0, 100, 200, 300]);
  const gaps = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
  const passedAt = attempts.findIndex((at) => at >= 15_000);
  expect(Math.max(...gaps.slice(0, passedAt))).toBeLessThanOrEqual(1_000);
  expect(gaps.slice(passedAt)).toEqual([5_000, 5_000]);
  expect(verdicts).toEqual([[attempts[passedAt], true]]);
});

test("failures of a fast-retrying probe count once per period, so that the startup time stays the same", async () => {
  const { failures, verdicts } = await story({
    probe: { periodSeconds: 2, failureThreshold: 3 },
    retriesFast: true,
    initially: undefined,
    passes: () => false,
    untilMs: 5_500,
  });
  expect(failures).toHaveLength(3);
  expect(verdicts.map(([, passing]) => passing)).toEqual([false]);
  expect(verdicts[0]?.[0]).toBeGreaterThanOrEqual(3_800);
});

test("a probe without fast retries runs once per period and fails at its threshold", async () => {
  expect(
    await story({
      probe: { periodSeconds: 10, failureThreshold: 2, initialDelaySeconds: 3 },
      retriesFast: false,
      initially: true,
      passes: (ms) => ms < 20_000,
      untilMs: 43_000,
    }),
  ).toEqual({
    attempts: [3_000, 13_000, 23_000, 33_000, 43_000],
    failures: [23_000, 33_000],
    verdicts: [[33_000, false]],
  });
});

test("single failures below the threshold don't change the verdict", async () => {
  const { verdicts } = await story({
    probe: { periodSeconds: 10, failureThreshold: 2 },
    retriesFast: false,
    initially: true,
    passes: (ms) => ms % 20_000 !== 0,
    untilMs: 100_000,
  });
  expect(verdicts).toEqual([]);
});

test("a success threshold requires that many consecutive successes", async () => {
  const { verdicts } = await story({
    probe: { periodSeconds: 1, successThreshold: 3, failureThreshold: 1 },
    retriesFast: false,
    initially: false,
    passes: (ms) => ms >= 2_000,
    untilMs: 6_000,
  });
  expect(verdicts).toEqual([[4_000, true]]);
});
