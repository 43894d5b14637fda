import type { Clock } from "../../../runtime/base/clock.ts";

/** Limits the rate of writes to each ModelDeployment and its children. */
export interface WriteRateLimit {
  /** Counts writes, successful or refused, and returns the milliseconds to wait before the next ones. */
  delayMs(key: string, writes: number): number;
  /** Sets the generation of the key's object: a new generation resets the count. */
  setGeneration(key: string, generation: number): void;
  /** The key is gone. */
  forget(key: string): void;
}

/** Writes allowed at once: more than any rollout needs. */
const burst = 60;
/** Sustained rate: thirty writes a minute. */
const writeMs = 2_000;

/**
 * A virtual-scheduling rate limit (GCRA) per key. A write that is planned on a stale cache may be undone at once, by garbage
 * collection or a second leader, and planned again by the resulting event: hundreds of times a second, for as long as the cache
 * is stale. User changes are not limited: each new generation has a budget of its own.
 */
export function createWriteRateLimit(clock: Clock): WriteRateLimit {
  /** Theoretical arrival time: when the writes so far would be done at the sustained rate. */
  const theoreticalMs = new Map<string, number>();
  const generations = new Map<string, number>();
  return {
    setGeneration(key, generation) {
      if (generations.get(key) === generation) return;
      generations.set(key, generation);
      theoreticalMs.delete(key);
    },
    delayMs(key, writes) {
      const nowMs = clock.monotonic();
      const nextMs = Math.max(nowMs, theoreticalMs.get(key) ?? nowMs) + writes * writeMs;
      theoreticalMs.set(key, nextMs);
      return Math.max(0, nextMs - nowMs - burst * writeMs);
    },
    forget(key) {
      theoreticalMs.delete(key);
      generations.delete(key);
    },
  };
}
