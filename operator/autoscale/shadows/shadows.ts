import { drainReplicas, type Drain } from "../drain.ts";
import { type Expectation, stepsFromExpected, ways } from "../levels/ways.ts";
import { dearness } from "./dearness.ts";
import { fluidQueue } from "./fluid-queue.ts";
import { lateShare } from "./late-share.ts";
import { regretOf, scaleOf, weighSays } from "./say.ts";
import { resized } from "./shadow-fleet.ts";

/**
 * Ways of scaling that are tried beside each other on the model's own requests, each on a fluid replica of the service:
 * what it would have cost in replica seconds and late requests. The columns have one entry per way.
 */
export interface Shadows {
  /** Replica seconds and κ times late requests, fading within hours. */
  readonly cost: number[];
  readonly ready: number[];
  /** Its starting replicas: alternately a second and how many are ready then; the earliest first. */
  readonly starting: (readonly number[])[];
  /** Requests in it, running and waiting. */
  readonly inside: number[];
  /** What its costs give it to say; empty until that is worked out. */
  readonly says: number[];
  /** What was lost so far by not knowing the best way, fading as the costs do. */
  regret: number;
  /** The block that the regret is measured in: the second of its end, what each way said at its begin and has lost since. */
  until: number;
  readonly before: number[];
  readonly lost: number[];
}

/** What the shadows see of a moment. */
export interface Moment {
  readonly now: number;
  readonly elapsed: number;
  readonly arrivals: number;
  readonly drain: Drain;
  /** Replicas that each way keeps. */
  readonly kept: Float64Array;
  readonly policy: Expectation & { readonly min: number; readonly max: number };
}

const memorySeconds = 4 * 3600;
/** Cost of a step away from the way that is assumed to be best until something else was seen. */
const stepCost = 100;
/** More load than was counted, where late requests are dearest: who takes the cheapest of many guesses takes one that was lucky. */
const caution = 0.06;
/** Of a block, beside a start: what a way gains by an order shows no sooner, nor can be had sooner by following it. */
const blockSeconds = 60;

/** The shadows at the begin: each with what is there, its cost what speaks against it beforehand. */
export function newShadows(policy: Expectation, ready: number): Shadows {
  return {
    cost: stepsFromExpected(policy).map((steps) => stepCost * steps),
    ready: ways.map(() => ready),
    starting: ways.map(() => none),
    inside: ways.map(() => 0),
    says: [],
    regret: 0,
    until: 0,
    before: [],
    lost: ways.map(() => 0),
  };
}

const none: readonly number[] = [];

/** Moves the shadows on by a moment. */
export function moveShadows(shadows: Shadows, moment: Moment): void {
  const { elapsed, policy, drain, arrivals } = moment;
  if (elapsed === 0) return;
  const { cost, inside, ready, says } = shadows;
  if (says.length === 0) weighSays(shadows, policy.kappa);
  const fade = Math.exp(-elapsed / memorySeconds);
  const queue = fluidQueue(drain, { elapsed, arrivals: arrivals * cautionOf(policy) });
  for (let way = 0; way < ways.length; way += 1) {
    const wanted = shadowWanted(shadows, way, moment);
    resize(shadows, way, wanted, moment);
    const now = ready[way] ?? 0;
    const left = queue.after(inside[way] ?? 0, now);
    inside[way] = left;
    const late = arrivals === 0 ? 0 : arrivals * lateShare(drain, left - queue.unmet, now);
    const loss = wanted * elapsed + policy.kappa * late;
    cost[way] = (cost[way] ?? 0) * fade + loss;
    shadows.lost[way] = (shadows.lost[way] ?? 0) + loss;
  }
  shadows.regret *= fade;
  if (moment.now < shadows.until) weighSays(shadows, policy.kappa);
  else closeBlock(shadows, moment);
}

/** Adds what the block's says lost to the regret and begins the next block; nothing was said before the first. */
function closeBlock(shadows: Shadows, { now, policy, drain }: Moment): void {
  const { before, says, lost } = shadows;
  if (before.length > 0) shadows.regret += regretOf(before, lost, scaleOf(shadows, policy.kappa));
  shadows.until = now + blockSeconds + drain.coldStartSeconds;
  weighSays(shadows, policy.kappa);
  for (let way = 0; way < ways.length; way += 1) {
    before[way] = says[way] ?? 0;
    lost[way] = 0;
  }
}

function cautionOf({ kappa }: Expectation): number {
  return 1 + caution * dearness(kappa);
}

/** Replicas by the ways that cost least so far, the better the more weight. */
export function chosenReplicas(shadows: Shadows, kept: Float64Array, kappa: number): number {
  const { says } = shadows;
  if (says.length === 0) weighSays(shadows, kappa);
  let [weights, sum] = [0, 0];
  for (let way = 0; way < ways.length; way += 1) {
    const say = says[way] ?? 0;
    weights += say;
    sum += say * (kept[way] ?? 0);
  }
  return Math.ceil(sum / weights - roundedDown + cautiousRounding * dearness(kappa));
}

/** Of a mean of the ways, the fraction that is not worth a replica, and how much less where late requests are dearest. */
const roundedDown = 0.5;
const cautiousRounding = 0.15;

function resize({ ready, starting }: Shadows, way: number, wanted: number, { now, drain }: Moment): void {
  const orders = starting[way] ?? none;
  const before = ready[way] ?? 0;
  if (orders.length === 0 && wanted === before) return;
  const fleet = resized(before, orders, wanted, { now, drain });
  ready[way] = fleet.ready;
  starting[way] = fleet.starting.length === 0 ? none : fleet.starting;
}

function shadowWanted({ inside, ready }: Shadows, way: number, { drain, policy, kept }: Moment): number {
  const [requests, running] = [inside[way] ?? 0, ready[way] ?? 0];
  const waiting = requests - running * drain.slots;
  const extra = waiting > 0 ? drainReplicas(drain, { waiting, ready: running }) : 0;
  const least = requests > 1 ? 1 : 0;
  return Math.max(policy.min, Math.min(policy.max, Math.max(kept[way] ?? 0, extra, least)));
}
