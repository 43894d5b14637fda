/** Time as a value: production passes `systemClock`; tests and the simulation pass a clock that they advance. */
export interface Clock {
  /** Milliseconds since the epoch (wall clock; for timestamps in output). */
  now(): number;
  /** Milliseconds of a clock that never jumps (for durations and deadlines). */
  monotonic(): number;
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once after `ms`; the returned function cancels it. */
  after(ms: number, callback: () => void): () => void;
}

/** The maximum of a timer: 24 days. */
export const maxTimerMs = 2 ** 31 - 1;

/** Implements `sleep` on top of a clock's `after`: resolves after `ms` or when the signal aborts. */
export function sleepBy(after: Clock["after"]): Clock["sleep"] {
  return (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const done = (): void => {
        cancel();
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const cancel = after(ms, done);
      signal?.addEventListener("abort", done, { once: true });
    });
}

/** The system clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  // A pending sleep keeps the process alive; a pending callback does not.
  sleep: sleepBy((ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  }),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
