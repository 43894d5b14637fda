import type { Clock } from "../../../runtime/base/clock.ts";

/** How long something was seen to be as it is, by a clock that nobody sets. */
export interface Sightings {
  /** Milliseconds since this process first saw something of the key in this state; 0 the first time. */
  seenMs(key: string, what: Sighted, state: string): number;
  /** The key is gone. */
  forget(key: string): void;
}

/** How far a candidate is; whether the stable revision serves. */
export type Sighted = "progress" | "stable";

/** What times in status are measured against: they are of a clock that may have jumped since, or of another machine's. */
export function createSightings(clock: Pick<Clock, "monotonic">): Sightings {
  const seen = new Map<string, { readonly state: string; readonly sinceMs: number }>();
  return {
    seenMs(key, what, state) {
      const now = clock.monotonic();
      const known = seen.get(`${what} ${key}`);
      if (known?.state === state) return now - known.sinceMs;
      seen.set(`${what} ${key}`, { state, sinceMs: now });
      return 0;
    },
    forget(key) {
      for (const what of ["progress", "stable"] as const satisfies readonly Sighted[]) seen.delete(`${what} ${key}`);
    },
  };
}
