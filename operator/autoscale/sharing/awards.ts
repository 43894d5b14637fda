import type { Award, Claim } from "./claim.ts";

/** Waiting makes a request worth more: after so many seconds twice as much, so that nobody waits for ever. */
const agingSeconds = 10;
/** A replica that was given stays at least as long as it took to start, and some requests more. */
const tenureStarts = 1.2;
const tenureSeconds = 30;
/** Without requests for so long a model has no load, whatever averages say: nobody waits for a device that serves nobody. */
const mostIdleSeconds = 10;

/** Which replicas come first. Every tier is served before the next one gets anything. */
const tiers = [
  "kept by tenure",
  "first for a load",
  "least allowed",
  "needed by a load",
  "kept for what may come",
] as const;

interface Unit {
  readonly claim: Claim;
  readonly tier: number;
  readonly worth: number;
}

/**
 * Shares devices that are not enough for all: first one replica for every model that has requests, then the least that
 * specs allow, then what loads need, each by what its late requests cost; replicas that wait for what may come are the
 * first to be given back. Pure; the same claims give the same awards whatever their order.
 *
 * @param devices all that there are for these models, used or free
 */
export function awards(claims: readonly Claim[], devices: number): ReadonlyMap<string, Award> {
  const given = new Map(claims.map(({ key }) => [key, 0]));
  let left = devices;
  for (const { claim } of claims.flatMap(units).toSorted(first)) {
    if (claim.devices > left) continue;
    left -= claim.devices;
    given.set(claim.key, (given.get(claim.key) ?? 0) + 1);
  }
  return new Map(claims.map((claim) => [claim.key, award(claim, given.get(claim.key) ?? 0, devices)]));
}

function award({ wanted }: Claim, replicas: number, devices: number): Award {
  if (replicas >= wanted) return { replicas };
  return { replicas, why: `${wanted} replicas are wanted, but ${devices} devices are not enough for all models` };
}

/** The replicas that a model wants, one by one. */
function units(claim: Claim): readonly Unit[] {
  const { wanted, min, kappa, oldestWait } = claim;
  const needed = hasCeased(claim) ? 0 : claim.needed;
  const isHeld = hasTenure(claim);
  return Array.from({ length: wanted }, (_, index) => {
    const tier = tierOf({ index, needed, min, isHeld: isHeld && index === 0 });
    // The more of its load is carried, the less the next replica does for it.
    const share = Math.max(needed - index, 1) / Math.max(needed, 1);
    return { claim, tier, worth: kappa * share * (1 + oldestWait / agingSeconds) };
  });
}

function hasCeased({ idleSeconds }: Claim): boolean {
  return idleSeconds > mostIdleSeconds;
}

function hasTenure(claim: Claim): boolean {
  const { placed, heldSeconds, startSeconds } = claim;
  if (placed === 0 || heldSeconds === undefined || hasCeased(claim)) return false;
  return heldSeconds < tenureStarts * startSeconds + tenureSeconds;
}

function tierOf(unit: { index: number; needed: number; min: number; isHeld: boolean }): number {
  const { index, needed, min, isHeld } = unit;
  const of = (name: (typeof tiers)[number]): number => tiers.indexOf(name);
  if (isHeld) return of("kept by tenure");
  if (index === 0 && needed > 0) return of("first for a load");
  if (index < min) return of("least allowed");
  return index < needed ? of("needed by a load") : of("kept for what may come");
}

/** Of equals the one that has its devices already: a move costs a start. */
function first(a: Unit, b: Unit): number {
  return (
    a.tier - b.tier ||
    b.worth - a.worth ||
    Number(b.claim.placed > 0) - Number(a.claim.placed > 0) ||
    (a.claim.key < b.claim.key ? -1 : 1)
  );
}
