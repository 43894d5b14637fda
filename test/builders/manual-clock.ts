import { type Clock, sleepBy } from "../../runtime/base/clock.ts";

/** A clock that only advances on demand. Timers due at the same time fire in the order they were set. */
export interface ManualClock extends Clock {
  /** Advances by `ms`, firing the timers that fall due; after each timer all resulting promises settle. */
  advance(ms: number): Promise<void>;
  /** Settles all promises that do not wait for time. */
  settle(): Promise<void>;
  /** Number of pending timers. */
  readonly pending: number;
  /** Delays of the pending timers from now, ascending. */
  readonly delaysMs: readonly number[];
}

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock whose wall time starts at `startMs` and whose monotonic time starts at 0. */
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
