import fc from "fast-check";
import { expect, test } from "vitest";

import {
  weightOf,
  fewestPodsFor,
  podsForStep,
} from "../../../../../operator/model-deployment/plan/capacity/pod-weights.ts";

const all = fc.integer({ min: 1, max: 500 });

test("pods that a weight needs carry it", () => {
  fc.assert(
    fc.property(all, fc.integer({ min: 0, max: 100 }), (wanted, weight) => {
      expect(weightOf(podsForStep(wanted, weight), wanted)).toBeGreaterThanOrEqual(weight);
    }),
  );
});

test("what some pods carry and what is left for the others is everything", () => {
  fc.assert(
    fc.property(all, fc.nat(), (wanted, seed) => {
      const some = seed % (wanted + 1);
      expect(fewestPodsFor(100 - weightOf(some, wanted), wanted)).toBeLessThanOrEqual(wanted - some);
    }),
  );
});

test("no pod has more than 2 % above its share by rounding", () => {
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

test("a weight of 0 needs no pod to carry it, and one to look at", () => {
  expect([fewestPodsFor(0, 7), podsForStep(7, 0), podsForStep(0, 0)]).toEqual([0, 1, 0]);
});
