import fc from "fast-check";
import { expect, test } from "vitest";

import {
  weightOf,
  fewestPodsFor,
  podsForStep,
} from "../../../../../operator/model-deployment/plan/capacity/pod-weights.ts";

const all = fc.integer({ min: 1, max: 500 });

test("a weight has the pods that it needs", () => {
  fc.assert(
    fc.property(all, fc.integer({ min: 0, max: 100 }), (wanted, weight) => {
      expect(weightOf(podsForStep(wanted, weight), wanted)).toBeGreaterThanOrEqual(weight);
    }),
  );
});

test("the weights of some pods and of the others add up to 100", () => {
  fc.assert(
    fc.property(all, fc.nat(), (wanted, seed) => {
      const some = seed % (wanted + 1);
      expect(fewestPodsFor(100 - weightOf(some, wanted), wanted)).toBeLessThanOrEqual(wanted - some);
    }),
  );
});

test("rounding adds no more than 2 % to a pod's share", () => {
  fc.assert(
    fc.property(all, fc.nat(), (wanted, seed) => {
      const some = 1 + (seed % wanted);
      const weight = weightOf(some, wanted);
      expect(weight).toBeLessThanOrEqual(((100 * some) / wanted) * 1.02 + 1e-9);
      const rest = fewestPodsFor(weight, wanted);
      expect(weight).toBeLessThanOrEqual(((100 * rest) / wanted) * 1.02 + 1e-9);
    }),
    { numRuns: 2000 },
  );
});

test("a weight of 0 needs no pod, but a step of 0 % starts one", () => {
  expect([fewestPodsFor(0, 7), podsForStep(7, 0), podsForStep(0, 0)]).toEqual([0, 1, 0]);
});
