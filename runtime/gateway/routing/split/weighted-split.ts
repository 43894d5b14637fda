/** A member of a weighted split. */
export interface SplitMember {
  /** Any positive number; the share is the weight over the sum of all weights. */
  readonly weight: number;
  /** Requests that the member is behind its share, less than one; negative: ahead of it. */
  debt: number;
}

/**
 * The member that takes the next request, by the chairman assignment of R. Tijdeman (Discrete Mathematics 32, 1980): of the members
 * far enough behind their share, the one whose turn is due first. After any n requests each of k members is at most 1 − 1/(2k − 2)
 * requests from its share. For two members that is half a request, and equals nginx's smooth weighted round robin, which is not
 * exact for more than two.
 */
export function nextMember<T extends SplitMember>(members: readonly T[]): T | undefined {
  const [only] = members;
  if (only === undefined || members.length === 1) return only;
  let total = 0;
  for (const { weight } of members) total += weight;
  const slack = 1 / (2 * members.length - 2);
  let chosen: T | undefined;
  let soonest = Infinity;
  for (const member of members) {
    const share = member.weight / total;
    const due = (1 - slack - member.debt) / share;
    member.debt += share;
    if (member.debt + rounding < slack || due + rounding >= soonest) continue;
    chosen = member;
    soonest = due;
  }
  if (chosen !== undefined) chosen.debt -= 1;
  return chosen;
}

/** Bounds the rounding error of summed shares. */
const rounding = 1e-9;
/** The full range, half a request behind to half a request ahead, would be a whole request. */
const inside = 0.999;

/**
 * Restarts the split at the point of its sequence that `phase` (0 ≤ x < 1) names, so that gateways with different phases don't take
 * the same turns at the same time. With more than two members the sequence always starts at the same point: elsewhere it could be
 * more than a request from a share.
 */
export function resetSplit(members: readonly SplitMember[], phase: number): void {
  for (const member of members) member.debt = 0;
  const [first, second] = members;
  if (first === undefined || second === undefined || members.length > 2) return;
  second.debt = (1 / 2 - phase) * inside;
  first.debt = -second.debt;
}
