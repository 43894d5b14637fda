import { expect, test } from "vitest";
import { createStateAges } from "../../../../operator/model-deployment/controller-state/state-ages.ts";
import { createManualClock } from "../../../builders/manual-clock.ts";

test("the age of a state grows while it lasts, and a changed state starts at 0", async () => {
  const clock = createManualClock();
  const stateAges = createStateAges(clock);
  const seen = (state: string): number => stateAges.stateAgeMs("default/digits", "progress", state);
  const first = seen("a");
  await clock.advance(3_000);
  const [later, changed] = [seen("a"), seen("b")];
  await clock.advance(1_000);
  expect([first, later, changed, seen("b"), seen("a")]).toEqual([0, 3_000, 0, 1_000, 0]);
});

test("a forgotten key starts at 0 again", async () => {
  const clock = createManualClock();
  const stateAges = createStateAges(clock);
  stateAges.stateAgeMs("default/digits", "progress", "a");
  await clock.advance(1_000);
  stateAges.forget("default/digits");
  expect(stateAges.stateAgeMs("default/digits", "progress", "a")).toBe(0);
});
