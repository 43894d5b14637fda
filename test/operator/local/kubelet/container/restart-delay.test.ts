import { expect, test } from "vitest";
import { type RestartHistory, restartDelay } from "../../../../../operator/local/kubelet/container/restart-delay.ts";

const baseMs = 10_000;

/** Delays of a container that crashes `ranMs` after each start. */
function delays(count: number, ranMs: number): number[] {
  let history: RestartHistory | undefined;
  let nowMs = 0;
  return Array.from({ length: count }, () => {
    nowMs += ranMs;
    const next = restartDelay(history, nowMs, baseMs);
    history = next.history;
    nowMs += next.delayMs;
    return next.delayMs;
  });
}

test("a crashing container restarts at once, then after 10 s, doubled up to 5 min", () => {
  expect(delays(8, 1_000)).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test("the back-off resets after a run of more than ten minutes", () => {
  expect(delays(3, 600_001)).toEqual([0, 0, 0]);
});

test("the back-off does not reset after a run of exactly ten minutes", () => {
  expect(delays(3, 600_000)).toEqual([0, 10_000, 20_000]);
});
