import fc from "fast-check";
import { expect, test } from "vitest";
import {
  timestampMs,
  timestampText,
} from "../../../../../../operator/model-deployment/plan/rollout/state/timestamp.ts";

const times = fc.integer({ min: 0, max: Date.UTC(2400, 0, 1) });

test("a timestamp is formatted as Date does it, and parsed back", () => {
  fc.assert(
    fc.property(times, (ms) => {
      expect(timestampText(ms)).toBe(new Date(ms).toISOString());
      expect(timestampMs(timestampText(ms))).toBe(ms);
    }),
  );
});

test("fractions of a second may be missing, or finer than milliseconds", () => {
  expect([timestampMs("2030-02-28T23:59:59Z"), timestampMs("2030-02-28T23:59:59.123456Z")]).toEqual([
    Date.UTC(2030, 1, 28, 23, 59, 59),
    Date.UTC(2030, 1, 28, 23, 59, 59, 123),
  ]);
});

test("any other text gives NaN", () => {
  expect([timestampMs("yesterday"), timestampMs("2030-01-01"), timestampMs("2030-01-01T00:00:00+01:00")]).toEqual([
    Number.NaN,
    Number.NaN,
    Number.NaN,
  ]);
});
