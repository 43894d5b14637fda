import { expect, test } from "vitest";

import { backoffDelayMs, jitteredDelayMs } from "../../../runtime/base/backoff.ts";

const policy = { firstMs: 100, capMs: 1_000 };

test("the delay doubles with each attempt up to its cap", () => {
  const delays = [0, 1, 2, 3, 4, 5_000].map((attempt) => backoffDelayMs(policy, attempt));
  expect(delays).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

test("jitter extends the delay by up to itself", () => {
  expect([0, 0.5, 0.75].map((fraction) => jitteredDelayMs(policy, 1, () => fraction))).toEqual([200, 300, 350]);
});
