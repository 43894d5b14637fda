import type { Clock } from "../../../runtime/base/clock.ts";

/** Measures how long this process has observed states, by the monotonic clock. */
export interface StateAges {
  /** Milliseconds since this process first observed the subject in this state without a change; 0 the first time. */
  stateAgeMs(key: string, subject: TimedSubject, state: string): number;
  /** The key is gone. */
  forget(key: string): void;
}

const subjects = ["progress", "stable", "terminating"] as const;

/** What is timed: the progress of a candidate, whether the stable revision serves, and which pods are terminating. */
export type TimedSubject = (typeof subjects)[number];

/** A check on times in status, which come from a wall clock that may have jumped since, or from another machine. */
export function createStateAges(clock: Pick<Clock, "monotonic">): StateAges {
  const seen = new Map<string, { readonly state: string; readonly sinceMs: number }>();
  return {
    stateAgeMs(key, subject, state) {
      const now = clock.monotonic();
      const known = seen.get(`${subject} ${key}`);
      if (known?.state === state) return now - known.sinceMs;
      seen.set(`${subject} ${key}`, { state, sinceMs: now });
      return 0;
    },
    forget(key) {
      for (const subject of subjects) seen.delete(`${subject} ${key}`);
    },
  };
}
