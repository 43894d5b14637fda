import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { createBackoff } from "../../../operator/loop/backoff.ts";
import { createManualClock } from "../../builders/manual-clock.ts";

describe("the back-off of keys", () => {
  test("doubles per failure from 5 ms up to 30 s", () => {
    const backoff = createBackoff(createManualClock());
    const delays = Array.from({ length: 15 }, () => backoff.next("a"));
    expect(delays.slice(0, 6)).toEqual([5, 10, 20, 40, 80, 160]);
    expect(delays.slice(11)).toEqual([10_240, 20_480, 30_000, 30_000]);
  });

  test("counts each key on its own", () => {
    const backoff = createBackoff(createManualClock());
    const delays = ["a", "a", "b", "a"].map((key) => backoff.next(key));
    expect(delays).toEqual([5, 10, 5, 20]);
  });

  test("is reset by forget", () => {
    const backoff = createBackoff(createManualClock());
    backoff.next("a");
    backoff.next("a");
    backoff.forget("a");
    expect(backoff.next("a")).toBe(5);
  });

  test("lets 100 retries of different keys go at once and 10 per second after them", async () => {
    const clock = createManualClock();
    const backoff = createBackoff(clock);
    const delays = Array.from({ length: 103 }, (_, index) => backoff.next(`key-${index}`));
    expect(delays.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 5));
    expect(delays.slice(100)).toEqual([100, 200, 300]);
    await clock.advance(1_000);
    expect(Array.from({ length: 8 }, (_, index) => backoff.next(`later-${index}`))).toEqual([5, 5, 5, 5, 5, 5, 5, 100]);
  });

  test("never gives a key a shorter delay than its last one", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 200 }), (keys) => {
        const backoff = createBackoff(createManualClock());
        const last = new Map<string, number>();
        for (const key of keys) {
          const delay = backoff.next(key);
          expect(delay).toBeGreaterThanOrEqual(last.get(key) ?? 0);
          last.set(key, delay);
        }
      }),
    );
  });
});
