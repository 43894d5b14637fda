import { expect, test } from "vitest";
import { createStateAges } from "../../../../operator/model-deployment/controller-state/state-ages.ts";
import { createManualClock } from "../../../builders/manual-clock.ts";

test("what is seen as it was is seen the longer, what changes is seen anew", async () => {
  const clock = createManualClock();
  const stateAges = createStateAges(clock);
  const seen = (state: string): number => stateAges.stateAgeMs("default/digits", "progress", state);
  const first = seen("a");
  await clock.advance(3_000);
  const [later, changed] = [seen("a"), seen("b")];
  await clock.advance(1_000);
  expect([first, later, changed, seen("b"), seen("a")]).toEqual([0, 3_000, 0, 1_000, 0]);
});

test("what is gone is forgotten", async () => {
  const clock = createManualClock();
  const stateAges = createStateAges(clock);
  stateAges.stateAgeMs("default/digits", "progress", "a");
  await clock.advance(1_000);
  stateAges.forget("default/digits");
  expect(stateAges.stateAgeMs("default/digits", "progress", "a")).toBe(0);
});
