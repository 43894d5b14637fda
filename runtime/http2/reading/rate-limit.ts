import type { Clock } from "../../base/clock.ts";

/** A rate limit: how many events are allowed at once, and how many more each second. */
export interface RateLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** A token bucket that limits peers' actions that cost this side more than the peer. */
export interface TokenBucket {
  /** Adds a token, for a useful action. */
  readonly refill: () => void;
  /** Takes a token. False: the limit is exceeded. */
  readonly take: () => boolean;
}

export function createTokenBucket({ burst, perSecond }: RateLimit, clock: Clock): TokenBucket {
  let left = burst;
  let sinceMs = clock.monotonic();
  return {
    refill: () => {
      if (left < burst) left += 1;
    },
    take: () => {
      left -= 1;
      if (left >= 0) return true;
      const nowMs = clock.monotonic();
      left = Math.min(burst, Math.floor(((nowMs - sinceMs) * perSecond) / 1000)) - 1;
      sinceMs = nowMs;
      return left >= 0;
    },
  };
}
