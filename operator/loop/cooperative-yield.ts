import type { Clock } from "../../runtime/base/clock.ts";

/** Keeps the rest of a process alive while work that never waits for anything goes on. */
export interface CooperativeYield {
  /** To be awaited between two pieces of work, when it is there. */
  pause(): Promise<void> | undefined;
}

/** Two or three reconciles that write nothing: a key that changed waits for no more, and a turn costs a tenth of that. */
const sliceMs = 0.25;

/**
 * Work that awaits settled promises alone never lets the event loop turn: ten thousand objects that are looked at again
 * would keep a watch's events, requests and timers out for a second. `turn` lets it turn once.
 */
export function createCooperativeYield(clock: Clock, turn: () => Promise<void>): CooperativeYield {
  let turnedMs = clock.monotonic();
  let turning: Promise<void> | undefined;
  return {
    pause() {
      if (turning === undefined && clock.monotonic() - turnedMs >= sliceMs) {
        turning = turn().then(() => {
          turnedMs = clock.monotonic();
          turning = undefined;
        });
      }
      return turning;
    },
  };
}
