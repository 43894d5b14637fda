import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { modelStates } from "../../../runtime/contract/model-facts.ts";
import { type ModelEvent, stateAfter } from "../../../runtime/model/lifecycle.ts";

const events = ["fetched", "verified", "loaded", "warmed", "stopping", "unloaded", "failed"] as const;

describe("a model's life cycle", () => {
  test("passes through every state in order", () => {
    let state = stateAfter("Fetching", "fetched");
    const seen = [state];
    for (const event of ["verified", "loaded", "warmed", "stopping", "unloaded"] as const) {
      state = stateAfter(state, event);
      seen.push(state);
    }
    expect(seen).toEqual(["Verifying", "Loading", "Warming", "Ready", "Draining", "Unloaded"]);
  });

  test("never leaves a final state and never goes back", () => {
    fc.assert(
      fc.property(fc.constantFrom(...modelStates), fc.array(fc.constantFrom<ModelEvent>(...events)), (start, story) => {
        let state = start;
        for (const event of story) {
          const next = stateAfter(state, event);
          expect(modelStates.indexOf(next)).toBeGreaterThanOrEqual(modelStates.indexOf(state));
          if (state === "Unloaded" || state === "Failed") expect(next).toBe(state);
          state = next;
        }
      }),
    );
  });

  test("a model that is stopped before it is ready does not drain", () => {
    expect(modelStates.map((state) => stateAfter(state, "stopping"))).toEqual([
      "Unloaded",
      "Unloaded",
      "Unloaded",
      "Unloaded",
      "Draining",
      "Draining",
      "Unloaded",
      "Failed",
    ]);
  });
});
