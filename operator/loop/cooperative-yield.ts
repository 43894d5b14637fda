import type { Clock } from "../../runtime/base/clock.ts";

/** Lets long CPU-bound work yield to the event loop at intervals. */
export interface CooperativeYield {
  /** Call between two pieces of work, and await the promise if there is one. */
  due(): Promise<void> | undefined;
}

/** Two or three reconciles that write nothing, and ten times the cost of a yield. A changed key waits no longer than this. */
const sliceMs = 0.25;

/**
 * Yields by `yieldToEventLoop`, which must let the event loop turn once. Work that only awaits settled promises never does: a
 * resync of ten thousand objects would block watch events, requests and timers for a second.
 */
export function createCooperativeYield(clock: Clock, yieldToEventLoop: () => Promise<void>): CooperativeYield {
  let lastYieldMs = clock.monotonic();
  let yielding: Promise<void> | undefined;
  return {
    due() {
      if (yielding === undefined && clock.monotonic() - lastYieldMs >= sliceMs) {
        yielding = yieldToEventLoop().then(() => {
          lastYieldMs = clock.monotonic();
          yielding = undefined;
        });
      }
      return yielding;
    },
  };
}
