import type { Drain } from "../drain.ts";

/**
 * Of the number of requests inside around its fluid value, in square roots of it: arrivals are as they were counted, and
 * when each request ends is chance (0.7 for exponential service times; a queue that is nearly full adds to it).
 */
const spread = 0.8;
const cells = 64;
const reach = 8;

/** The share of a standard normal distribution above x, at steps of 1 / 64. */
const shares = Float64Array.from({ length: 2 * reach * cells + 1 }, (_, index) => shareAbove(index / cells - reach));

/** The share of those who arrive with so many inside that waits too long. */
export function lateShare(drain: Drain, inside: number, ready: number): number {
  if (ready === 0) return 1;
  const { slots, capacity, serviceSeconds, lateAfterSeconds } = drain;
  const full = ready * slots;
  const deviation = spread * Math.sqrt(Math.max(0.5, Math.min(inside, full)));
  const room = (full + (ready * capacity * lateAfterSeconds) / serviceSeconds - inside) / deviation;
  if (room >= reach) return 0;
  if (room <= -reach) return 1;
  return shares[Math.round((room + reach) * cells)] ?? 0;
}

/** Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17: off by less than 1e-7. */
function shareAbove(x: number): number {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(x));
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const above =
    density *
    t *
    (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  return x >= 0 ? above : 1 - above;
}
