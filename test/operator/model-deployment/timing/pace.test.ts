import { expect, test } from "vitest";
import { createPace } from "../../../../operator/model-deployment/timing/pace.ts";
import { createManualClock } from "../../../builders/manual-clock.ts";

test("sixty writes at a stretch are free, then each takes two seconds", async () => {
  const clock = createManualClock();
  const pace = createPace(clock);
  const rests = Array.from({ length: 12 }, () => pace.restMs("default/digits", 5));
  expect([new Set(rests), pace.restMs("default/digits", 1), pace.restMs("default/digits", 1)]).toEqual([
    new Set([0]),
    2_000,
    4_000,
  ]);
  await clock.advance(6_000);
  expect(pace.restMs("default/digits", 1)).toBe(0);
});

test("each key has a pace of its own, and a new one after it was gone", () => {
  const pace = createPace(createManualClock());
  pace.restMs("default/digits", 61);
  expect(pace.restMs("default/other", 1)).toBe(0);
  pace.forget("default/digits");
  expect(pace.restMs("default/digits", 1)).toBe(0);
});

test("what the user changes has writes of its own, what merely happens has not", () => {
  const pace = createPace(createManualClock());
  const restAt = (generation: number): number => {
    pace.wanted("default/digits", generation);
    return pace.restMs("default/digits", 40);
  };
  expect([restAt(1), restAt(2), restAt(3), restAt(3)]).toEqual([0, 0, 0, 40_000]);
});
