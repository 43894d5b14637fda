import type { Clock } from "../../../runtime/base/clock.ts";

/** How fast one ModelDeployment and its children may be written. */
export interface Pace {
  /** Counts writes, done or refused; how long the key has to rest before the next ones. */
  restMs(key: string, writes: number): number;
  /** The key's object as it is wanted now: with a new generation of it the count begins anew. */
  wanted(key: string, generation: number): void;
  /** The key is gone. */
  forget(key: string): void;
}

/** More than any rollout needs at a stretch. */
const burst = 60;
/** Thirty a minute. */
const perSecond = 0.5;

/**
 * What is planned on an old view may be undone at once, by garbage collection or by a second leader, and planned again
 * with the event that tells of it: hundreds of times a second, for as long as the view is old. What a user changes is not meant:
 * each change has writes of its own.
 */
export function createPace(clock: Clock): Pace {
  const buckets = new Map<string, { readonly tokens: number; readonly atMs: number }>();
  const generations = new Map<string, number>();
  return {
    wanted(key, generation) {
      if (generations.get(key) === generation) return;
      generations.set(key, generation);
      buckets.delete(key);
    },
    restMs(key, writes) {
      const atMs = clock.monotonic();
      const before = buckets.get(key) ?? { tokens: burst, atMs };
      const tokens = Math.min(burst, before.tokens + ((atMs - before.atMs) / 1_000) * perSecond) - writes;
      buckets.set(key, { tokens, atMs });
      return tokens >= 0 ? 0 : (-tokens / perSecond) * 1_000;
    },
    forget(key) {
      buckets.delete(key);
      generations.delete(key);
    },
  };
}
