import type { Clock } from "../../base/clock.ts";

/** What a peer may do at once, and how much more each second. */
export interface CalmTerms {
  readonly burst: number;
  readonly perSecond: number;
}

/** Bounds how often a peer does what costs this side more than itself. */
export interface Calm {
  /** It did something of use: it may do one more of the other kind. */
  readonly earn: () => void;
  /** It did it once more. False: once too often. */
  readonly spend: () => boolean;
}

export function calm({ burst, perSecond }: CalmTerms, clock: Clock): Calm {
  let left = burst;
  let sinceMs = clock.monotonic();
  return {
    earn: () => {
      if (left < burst) left += 1;
    },
    spend: () => {
      left -= 1;
      if (left >= 0) return true;
      const nowMs = clock.monotonic();
      left = Math.min(burst, Math.floor(((nowMs - sinceMs) * perSecond) / 1000)) - 1;
      sinceMs = nowMs;
      return left >= 0;
    },
  };
}
