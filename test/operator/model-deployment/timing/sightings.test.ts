import { expect, test } from "vitest";
import { createSightings } from "../../../../operator/model-deployment/timing/sightings.ts";
import { createManualClock } from "../../../builders/manual-clock.ts";

test("what is seen as it was is seen the longer, what changes is seen anew", async () => {
  const clock = createManualClock();
  const sightings = createSightings(clock);
  const seen = (state: string): number => sightings.seenMs("default/digits", "progress", state);
  const first = seen("a");
  await clock.advance(3_000);
  const [later, changed] = [seen("a"), seen("b")];
  await clock.advance(1_000);
  expect([first, later, changed, seen("b"), seen("a")]).toEqual([0, 3_000, 0, 1_000, 0]);
});

test("what is gone is forgotten", async () => {
  const clock = createManualClock();
  const sightings = createSightings(clock);
  sightings.seenMs("default/digits", "progress", "a");
  await clock.advance(1_000);
  sightings.forget("default/digits");
  expect(sightings.seenMs("default/digits", "progress", "a")).toBe(0);
});
