import type { Clock } from "../../../runtime/base/clock.ts";

/** How long something was seen to be as it is, by a clock that nobody sets. */
export interface Sightings {
  /** Milliseconds since this process first saw the key with this state; 0 the first time. */
  seenMs(key: string, state: string): number;
  /** The key is gone. */
  forget(key: string): void;
}

/** What times in status are measured against: they are of a clock that may have jumped since, or of another machine's. */
export function createSightings(clock: Clock): Sightings {
  const seen = new Map<string, { readonly state: string; readonly sinceMs: number }>();
  return {
    seenMs(key, state) {
      const now = clock.monotonic();
      const known = seen.get(key);
      if (known?.state === state) return now - known.sinceMs;
      seen.set(key, { state, sinceMs: now });
      return 0;
    },
    forget: (key) => void seen.delete(key),
  };
}
