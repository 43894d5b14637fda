import type { Clock } from "../../../runtime/base/clock.ts";

/** A clock on which every sleep is over at once, for clients of real sockets; timers never fire. */
export interface InstantClock extends Clock {
  /** Lengths of all sleeps, in order. */
  readonly sleptMs: readonly number[];
}

/** A clock that has slept nothing yet. */
export function createInstantClock(): InstantClock {
  const sleptMs: number[] = [];
  let elapsedMs = 0;
  return {
    sleptMs,
    now: () => Date.UTC(2030, 0, 1) + elapsedMs,
    monotonic: () => elapsedMs,
    async sleep(ms) {
      sleptMs.push(ms);
      elapsedMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
    after: () => () => {},
  };
}
