import { backoffDelayMs, type BackoffPolicy } from "../../runtime/base/backoff.ts";
import type { Clock } from "../../runtime/base/clock.ts";

/** Retry delays of keys, longer with each failure in a row. */
export interface Backoff {
  /** Counts one more failure and returns the delay in ms. */
  next(key: string): number;
  /** Resets the key's failures, after a success. */
  forget(key: string): void;
}

/**
 * Figures of client-go's `DefaultTypedControllerRateLimiter` (`util/workqueue/default_rate_limiters.go`) but for the cap,
 * which is that of watches: with client-go's 1000 s a key waits for minutes after a short outage of the API server is over.
 */
const retryBackoff: BackoffPolicy = { firstMs: 5, capMs: 30_000 };
const perSecond = 10;
const burst = 100;

/**
 * Per key 5 ms × 2 up to 30 s; over all keys 10 retries per second with a burst of 100, so that a thousand keys that
 * fail together are not retried together. The longer of the two delays applies.
 */
export function createBackoff(clock: Clock): Backoff {
  const failures = new Map<string, number>();
  const bucketDelayMs = tokenBucket(clock);
  return {
    next(key) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      return Math.max(backoffDelayMs(retryBackoff, count), bucketDelayMs());
    },
    forget: (key) => void failures.delete(key),
  };
}

/** Reserves one token and returns the ms until it is available. Reservations make the level negative. */
function tokenBucket(clock: Clock): () => number {
  let tokens = burst;
  let filledAtMs = clock.monotonic();
  return () => {
    const nowMs = clock.monotonic();
    tokens = Math.min(burst, tokens + ((nowMs - filledAtMs) / 1000) * perSecond) - 1;
    filledAtMs = nowMs;
    return tokens >= 0 ? 0 : (-tokens / perSecond) * 1000;
  };
}
