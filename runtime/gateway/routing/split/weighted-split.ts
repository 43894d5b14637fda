/** One of those that share a stream of requests. */
export interface Sharer {
  /** Any positive number: the share is this over the sum of all. */
  readonly weight: number;
  /** Requests that it is behind its share, at most one; negative: ahead of it. */
  debt: number;
}

/**
 * The sharer that takes the next request, by the chairman assignment of R. Tijdeman (Discrete Mathematics 32, 1980): of those
 * far enough behind their share the one whose turn is due first. After any n requests each of k sharers is at most
 * 1 − 1/(2k − 2) requests from its share; of two that is half a request, and nginx's smooth weighted round robin. That one
 * is not exact for more than two.
 */
export function nextSharer<T extends Sharer>(sharers: readonly T[]): T | undefined {
  const [only] = sharers;
  if (only === undefined || sharers.length === 1) return only;
  let total = 0;
  for (const { weight } of sharers) total += weight;
  const slack = 1 / (2 * sharers.length - 2);
  let chosen: T | undefined;
  let soonest = Infinity;
  for (const sharer of sharers) {
    const share = sharer.weight / total;
    const due = (1 - slack - sharer.debt) / share;
    sharer.debt += share;
    if (sharer.debt + rounding < slack || due + rounding >= soonest) continue;
    chosen = sharer;
    soonest = due;
  }
  if (chosen !== undefined) chosen.debt -= 1;
  return chosen;
}

/** Sums of shares end that far beside the fractions that they stand for. */
const rounding = 1e-9;
/** From half a request behind to half a request ahead would be a whole one. */
const inside = 0.999;

/**
 * Lets sharers begin anew, at one of the points of their sequence that `phase` (0 ≤ x < 1) names: gateways with different
 * phases do not take their turns at the same time. Of more than two the sequence has one beginning only; from another point
 * it could be more than a request from its share.
 */
export function beginSharing(sharers: readonly Sharer[], phase: number): void {
  for (const sharer of sharers) sharer.debt = 0;
  const [first, second] = sharers;
  if (first === undefined || second === undefined || sharers.length > 2) return;
  second.debt = (1 / 2 - phase) * inside;
  first.debt = -second.debt;
}
