import { expect, test } from "vitest";
import { createWriteRateLimit } from "../../../../operator/model-deployment/controller-state/write-rate-limit.ts";
import { createManualClock } from "../../../builders/manual-clock.ts";

test("sixty writes are allowed at once, then one every two seconds", async () => {
  const clock = createManualClock();
  const writeRateLimit = createWriteRateLimit(clock);
  const rests = Array.from({ length: 12 }, () => writeRateLimit.delayMs("default/digits", 5));
  expect([
    new Set(rests),
    writeRateLimit.delayMs("default/digits", 1),
    writeRateLimit.delayMs("default/digits", 1),
  ]).toEqual([new Set([0]), 2_000, 4_000]);
  await clock.advance(6_000);
  expect(writeRateLimit.delayMs("default/digits", 1)).toBe(0);
});

test("each key has its own limit, and a fresh one after it was forgotten", () => {
  const writeRateLimit = createWriteRateLimit(createManualClock());
  writeRateLimit.delayMs("default/digits", 61);
  expect(writeRateLimit.delayMs("default/other", 1)).toBe(0);
  writeRateLimit.forget("default/digits");
  expect(writeRateLimit.delayMs("default/digits", 1)).toBe(0);
});

test("a new generation has a limit of its own, the same generation has not", () => {
  const writeRateLimit = createWriteRateLimit(createManualClock());
  const restAt = (generation: number): number => {
    writeRateLimit.setGeneration("default/digits", generation);
    return writeRateLimit.delayMs("default/digits", 40);
  };
  expect([restAt(1), restAt(2), restAt(3), restAt(3)]).toEqual([0, 0, 0, 40_000]);
});
