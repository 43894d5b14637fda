import { backoffDelayMs, type BackoffPolicy } from "../../base/backoff.ts";
import type { TransientFailure } from "./stores/store.ts";

/** Limits of the retries of a download. */
export interface RetryLimits {
  /** New bytes that count as progress. */
  readonly minBytes: number;
  /**
   * Longest time until the first byte. Short: the pod's status shows the reason only after the program has ended, and the next
   * start of the container loses nothing.
   */
  readonly firstByteMs: number;
  /** Most attempts in a row without progress. */
  readonly maxAttemptsWithoutProgress: number;
  readonly backoff: BackoffPolicy;
}

/**
 * The delay before the next attempt, given the failure, the bytes received and the time since the start; `undefined`: give up. A
 * server without range support starts over each time: only bytes beyond the furthest position so far are progress.
 */
export function retryPolicy(
  limits: RetryLimits,
): (failure: TransientFailure, sizeBytes: number, elapsedMs: number) => number | undefined {
  let furthest = 0;
  let withoutProgress = 0;
  return ({ retryAfterMs = 0 }, sizeBytes, elapsedMs) => {
    const isProgress = sizeBytes > 0 && (furthest === 0 || sizeBytes >= furthest + limits.minBytes);
    if (isProgress) furthest = sizeBytes;
    withoutProgress = isProgress ? 1 : withoutProgress + 1;
    const backoffMs = backoffDelayMs(limits.backoff, withoutProgress - 1);
    const pauseMs = Math.max(retryAfterMs, backoffMs);
    const isExhausted =
      furthest === 0 ? elapsedMs + pauseMs > limits.firstByteMs : withoutProgress >= limits.maxAttemptsWithoutProgress;
    return isExhausted ? undefined : pauseMs;
  };
}
