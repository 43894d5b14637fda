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
const writeMs = 2_000;

/**
 * What is planned on an old view may be undone at once, by garbage collection or by a second leader, and planned again
 * with the event that tells of it: hundreds of times a second, for as long as the view is old. What a user changes is not meant:
 * each change has writes of its own.
 */
export function createPace(clock: Clock): Pace {
  /** When all that was written will have taken its time. */
  const paidMs = new Map<string, number>();
  const generations = new Map<string, number>();
  return {
    wanted(key, generation) {
      if (generations.get(key) === generation) return;
      generations.set(key, generation);
      paidMs.delete(key);
    },
    restMs(key, writes) {
      const nowMs = clock.monotonic();
      const nextMs = Math.max(nowMs, paidMs.get(key) ?? nowMs) + writes * writeMs;
      paidMs.set(key, nextMs);
      return Math.max(0, nextMs - nowMs - burst * writeMs);
    },
    forget(key) {
      paidMs.delete(key);
      generations.delete(key);
    },
  };
}
