import { expect, test } from "vitest";
import { latencyBoundMs, latencyBucket, latencyBuckets } from "../../../runtime/contract/figures.ts";

test("a bucket holds the times up to its bound and above the one before", () => {
  for (let bucket = 1; bucket < latencyBuckets - 1; bucket += 1) {
    const boundMs = latencyBoundMs(bucket);
    expect(latencyBucket(boundMs * 0.999)).toBe(bucket);
    expect(latencyBucket(boundMs * 1.001)).toBe(bucket + 1);
  }
});

test("the first bucket takes everything that is shorter, the last everything that is longer", () => {
  expect([0, 0.1, 0.5].map(latencyBucket)).toEqual([0, 0, 0]);
  expect(latencyBucket(1e9)).toBe(latencyBuckets - 1);
  expect(latencyBoundMs(latencyBuckets - 1)).toBe(Infinity);
  expect(latencyBoundMs(latencyBuckets - 2)).toBeGreaterThan(80_000);
});
