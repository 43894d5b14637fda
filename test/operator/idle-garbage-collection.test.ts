import { expect, test } from "vitest";
import { collectGarbageWhenIdle } from "../../operator/idle-garbage-collection.ts";
import { createManualClock } from "../builders/manual-clock.ts";

const megabyte = 1024 * 1024;

/** Times, in seconds, at which garbage is collected; one check every 10 s. */
async function collections(checks: readonly { readonly isIdle: boolean; readonly allocatedMb: number }[]) {
  const clock = createManualClock();
  let now = { isIdle: false, heapMb: 40 };
  const collected: number[] = [];
  const stop = collectGarbageWhenIdle({
    clock,
    isIdle: () => now.isIdle,
    heapBytes: () => now.heapMb * megabyte,
    collect: () => {
      collected.push(clock.now());
      now = { ...now, heapMb: 30 };
    },
  });
  const startedMs = clock.now();
  for (const { isIdle, allocatedMb } of checks) {
    now = { isIdle, heapMb: now.heapMb + allocatedMb };
    await clock.advance(10_000);
  }
  stop();
  await clock.advance(100_000);
  return collected.map((atMs) => (atMs - startedMs) / 1_000);
}

const idle = { isIdle: true, allocatedMb: 0 };

test("garbage of a burst is collected once, at the second check of an idle operator", async () => {
  expect(await collections([idle, idle, idle, idle])).toEqual([20]);
});

test("a busy operator does not collect", async () => {
  const busy = { isIdle: false, allocatedMb: 50 };
  expect(await collections([busy, idle, busy, busy, idle, busy])).toEqual([]);
});

test("a little garbage is left until it has become much", async () => {
  const little = { isIdle: true, allocatedMb: 6 };
  expect(await collections([idle, idle, little, little, little])).toEqual([20, 50]);
});
