import { type Clock, sleepBy } from "../../runtime/base/clock.ts";

/** A clock that stands still until it is moved. Timers of the same moment fire in the order they were set. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`, firing what falls due on the way; after each timer all promises that follow from it settle. */
  advance(ms: number): Promise<void>;
  /** Lets all promises that need no time settle. */
  settle(): Promise<void>;
  /** Number of timers that wait. */
  readonly pending: number;
  /** Moments of the timers that wait, as time from now, soonest first. */
  readonly delaysMs: readonly number[];
}

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that starts at `startMs` of the wall clock and at 0 of the monotonic one. */
export function createManualClock(startMs: number = Date.UTC(2030, 0, 1)): ManualClock {
  let elapsedMs = 0;
  const timers = new Set<Timer>();
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const after = (ms: number, callback: () => void): (() => void) => {
    const timer = { dueMs: elapsedMs + Math.max(0, ms), callback };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const firstDue = (untilMs: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) if (first === undefined || timer.dueMs < first.dueMs) first = timer;
    return first !== undefined && first.dueMs <= untilMs ? first : undefined;
  };
  return {
    now: () => startMs + elapsedMs,
    monotonic: () => elapsedMs,
    after,
    sleep: sleepBy(after),
    async advance(ms) {
      const untilMs = elapsedMs + ms;
      await settle();
      for (let timer = firstDue(untilMs); timer !== undefined; timer = firstDue(untilMs)) {
        timers.delete(timer);
        elapsedMs = timer.dueMs;
        timer.callback();
        await settle();
      }
      elapsedMs = untilMs;
    },
    settle,
    get pending() {
      return timers.size;
    },
    get delaysMs() {
      return [...timers].map(({ dueMs }) => dueMs - elapsedMs).sort((one, other) => one - other);
    },
  };
}
