import { drainReplicas, type Drain } from "./drain.ts";
import { prices, type Way, ways } from "./levels/levels.ts";
import { triggers } from "./levels/triggers.ts";
import type { Policy } from "./policy.ts";

/**
 * Ways of scaling that are tried beside each other on the model's own requests, each on a fluid replica of the service:
 * what it would have cost in replica seconds and late requests. The columns have one entry per way.
 */
export interface Shadows {
  /** Replica seconds and κ times late requests, fading within hours. */
  readonly cost: readonly number[];
  readonly ready: readonly number[];
  /** Its starting replicas: alternately a second and how many are ready then; the earliest first. */
  readonly starting: readonly (readonly number[])[];
  /** Requests in it, running and waiting. */
  readonly inside: readonly number[];
}

/** What the shadows see of a moment. */
export interface Moment {
  readonly now: number;
  readonly elapsed: number;
  readonly arrivals: number;
  readonly drain: Drain;
  /** Replicas that each way keeps. */
  readonly kept: readonly number[];
  readonly policy: Policy;
}

const memorySeconds = 4 * 3600;
/** Cost of a step away from the way that is assumed to be best until something else was seen. */
const stepCost = 100;
/** Load that the shadows are tried with: who takes the cheapest of many guesses takes one that was lucky. */
const caution = 1.08;
/** Of the number of requests inside around its fluid value, in square roots of the offered concurrency. */
const spread = 0.7;
/** Of a mean of the ways, the fraction that is not worth a replica. */
const roundedDown = 0.5;
/** Deviations that do not happen. */
const improbable = 8;
/** A way that trails the best by so much, and this part of its cost, has 1 / e of its say; by `irrelevant` times it, none. */
const indifference = 50;
const indifferentShare = 0.06;
const irrelevant = 9;

/** The shadows at the begin: each with what is there, its cost what speaks against it beforehand. */
export function newShadows(policy: Policy, ready: number): Shadows {
  const expected = expectedWay(policy);
  return {
    cost: ways.map((way) => stepCost * steps(way, expected)),
    ready: ways.map(() => ready),
    starting: ways.map(() => []),
    inside: ways.map(() => 0),
  };
}

/** The shadows a moment later. */
export function movedShadows(shadows: Shadows, moment: Moment): Shadows {
  const { elapsed, policy, drain, kept } = moment;
  const fade = Math.exp(-elapsed / memorySeconds);
  const cost = shadows.cost.slice();
  const ready = shadows.ready.slice();
  const starting = shadows.starting.slice();
  const inside = shadows.inside.slice();
  const late = lateness(moment);
  for (let way = 0; way < ways.length; way += 1) {
    const before = { inside: inside[way] ?? 0, ready: ready[way] ?? 0 };
    const wanted = shadowWanted(kept[way] ?? 0, before, moment);
    const fleet = resized(before.ready, starting[way] ?? [], wanted, moment);
    const served = (Math.min(before.inside, fleet.ready * drain.capacity) / drain.serviceSeconds) * elapsed;
    const left = Math.max(0, before.inside + moment.arrivals * caution - served);
    ready[way] = fleet.ready;
    starting[way] = fleet.starting;
    inside[way] = left;
    cost[way] = (cost[way] ?? 0) * fade + (wanted + policy.kappa * late(left, fleet.ready)) * elapsed;
  }
  return { cost, ready, starting, inside };
}

/** Replicas by the ways that cost least so far, the better the more weight. */
export function chosenReplicas({ cost }: Shadows, kept: readonly number[]): number {
  const least = Math.min(...cost);
  const scale = indifference + indifferentShare * least;
  let weights = 0;
  let sum = 0;
  for (let way = 0; way < ways.length; way += 1) {
    const trailing = ((cost[way] ?? 0) - least) / scale;
    if (trailing < irrelevant) {
      const weight = Math.exp(-trailing);
      weights += weight;
      sum += weight * (kept[way] ?? 0);
    }
  }
  return Math.ceil(sum / weights - roundedDown);
}

function shadowWanted(kept: number, state: { inside: number; ready: number }, { drain, policy }: Moment): number {
  const waiting = state.inside - state.ready * drain.capacity;
  const extra = drainReplicas(drain, { waiting, ready: state.ready });
  const least = state.inside > 1 ? 1 : 0;
  return Math.max(policy.min, Math.min(policy.max, Math.max(kept, extra, least)));
}

interface ShadowFleet {
  readonly ready: number;
  readonly starting: readonly number[];
}

/** Replicas that are through with starting become ready; then as many are ordered or given up as are wanted. */
function resized(ready: number, starting: readonly number[], wanted: number, { now, drain }: Moment): ShadowFleet {
  let due = 0;
  let nowReady = ready;
  while (due < starting.length && (starting[due] ?? 0) <= now) {
    nowReady += starting[due + 1] ?? 0;
    due += 2;
  }
  let total = nowReady;
  for (let index = due + 1; index < starting.length; index += 2) total += starting[index] ?? 0;
  if (due === 0 && total === wanted) return { ready, starting };
  const waiting = starting.slice(due);
  if (total > wanted) giveUp(waiting, total - wanted);
  if (total < wanted) waiting.push(now + drain.coldStartSeconds, wanted - total);
  return { ready: Math.min(nowReady, wanted), starting: waiting };
}

/** Takes so many of the starting replicas away, the youngest first. */
function giveUp(starting: number[], count: number): void {
  let left = count;
  while (left > 0 && starting.length > 0) {
    const youngest = starting.pop() ?? 0;
    if (youngest > left) {
      starting.push(youngest - left);
      return;
    }
    starting.pop();
    left -= youngest;
  }
}

/** Late requests per second with so many inside: the part of the arrivals that finds too long a queue. */
function lateness({ drain, policy }: Moment): (inside: number, ready: number) => number {
  const { offered, rate, capacity, serviceSeconds } = drain;
  const deviation = spread * Math.sqrt(Math.max(offered, 0.5));
  const reach = capacity * (1 + policy.lateAfterSeconds / serviceSeconds);
  return (inside, ready) => {
    if (ready === 0) return rate;
    const above = (inside - ready * reach) / deviation;
    // The logistic curve that is next to the normal distribution's.
    return above < -improbable ? 0 : rate / (1 + Math.exp(-1.702 * above));
  };
}

/** The way that is best as a rule for what a late request is worth. */
function expectedWay({ kappa, coldStartSeconds }: Policy): Way {
  const deviations = kappa <= 6 ? 1 : kappa <= 45 ? 2 : 3.5;
  const worth = coldStartSeconds + 10 * kappa;
  const distance = (price: number): number => Math.abs(Math.log(Math.min(price, 1e9) / worth));
  const distances = prices.map(distance);
  return {
    trigger: triggers.findIndex((trigger) => trigger.deviations === deviations && !trigger.rising),
    price: distances.indexOf(Math.min(...distances)),
  };
}

function steps(way: Way, expected: Way): number {
  const half = (trigger: number): number => Math.floor(trigger / 2);
  const isOther = triggers[way.trigger]?.rising !== triggers[expected.trigger]?.rising;
  return (
    Math.abs(half(way.trigger) - half(expected.trigger)) + (isOther ? 1 : 0) + Math.abs(way.price - expected.price)
  );
}
