import type { Setback } from "./stores/store.ts";

/** When a download that goes wrong is given up. */
export interface PerseveranceLimits {
  /** Bytes that count as getting further. */
  readonly minBytes: number;
  /**
   * How long the first byte is tried for. Short: the status of a pod can tell why only once the program has ended, and the
   * next start of the container loses nothing.
   */
  readonly firstByteMs: number;
  /** Attempts in a row that get no further. */
  readonly maxIdleAttempts: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/**
 * How long to wait after a setback, so many milliseconds after the beginning, when so many bytes are there; `undefined`: there
 * is no hope. A server that knows no ranges begins anew each time: only what it did not bring before is progress.
 */
export function perseverance(
  limits: PerseveranceLimits,
): (setback: Setback, sizeBytes: number, elapsedMs: number) => number | undefined {
  let furthest = 0;
  let idle = 0;
  return ({ afterMs = 0 }, sizeBytes, elapsedMs) => {
    const isFurther = sizeBytes > 0 && (furthest === 0 || sizeBytes >= furthest + limits.minBytes);
    if (isFurther) furthest = sizeBytes;
    idle = isFurther ? 1 : idle + 1;
    const backoffMs = Math.min(limits.firstPauseMs * 2 ** (idle - 1), limits.longestPauseMs);
    const pauseMs = Math.max(afterMs, backoffMs);
    const isHopeless = furthest === 0 ? elapsedMs + pauseMs > limits.firstByteMs : idle >= limits.maxIdleAttempts;
    return isHopeless ? undefined : pauseMs;
  };
}
