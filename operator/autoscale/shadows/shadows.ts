import { drainReplicas, type Drain } from "../drain.ts";
import { type Expectation, stepsFromExpected, ways } from "../levels/ways.ts";
import { fluidQueue } from "./fluid-queue.ts";
import { lateShare } from "./late-share.ts";
import { regretOf, scaleOf } from "./say.ts";
import { resized } from "./shadow-fleet.ts";

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
  /** What was lost so far by not knowing the best way, fading as the costs do. */
  readonly regret: number;
}

/** What the shadows see of a moment. */
export interface Moment {
  readonly now: number;
  readonly elapsed: number;
  readonly arrivals: number;
  readonly drain: Drain;
  /** Replicas that each way keeps. */
  readonly kept: readonly number[];
  readonly policy: Expectation & { readonly min: number; readonly max: number };
}

const memorySeconds = 4 * 3600;
/** Cost of a step away from the way that is assumed to be best until something else was seen. */
const stepCost = 100;
/** Load that the shadows are tried with: who takes the cheapest of many guesses takes one that was lucky. */
const caution = 1.12;

/** The shadows at the begin: each with what is there, its cost what speaks against it beforehand. */
export function newShadows(policy: Expectation, ready: number): Shadows {
  return {
    cost: stepsFromExpected(policy).map((steps) => stepCost * steps),
    ready: ways.map(() => ready),
    starting: ways.map(() => []),
    inside: ways.map(() => 0),
    regret: 0,
  };
}

/** The shadows a moment later. */
export function movedShadows(shadows: Shadows, moment: Moment): Shadows {
  const { elapsed, policy, drain, arrivals } = moment;
  if (elapsed === 0) return shadows;
  const fade = Math.exp(-elapsed / memorySeconds);
  let { ready, starting } = shadows;
  const [cost, inside] = [shadows.cost.slice(), shadows.inside.slice()];
  const queue = fluidQueue(drain, { elapsed, arrivals: arrivals * caution });
  for (let way = 0; way < ways.length; way += 1) {
    const before = { inside: inside[way] ?? 0, ready: ready[way] ?? 0 };
    const wanted = shadowWanted(moment.kept[way] ?? 0, before, moment);
    const orders = starting[way] ?? [];
    const fleet = resized(before.ready, orders, wanted, { now: moment.now, drain });
    if (fleet.ready !== before.ready) ready = ready.with(way, fleet.ready);
    if (fleet.starting !== orders) starting = starting.with(way, fleet.starting);
    const left = queue.after(before.inside, fleet.ready);
    inside[way] = left;
    const late = arrivals === 0 ? 0 : arrivals * lateShare(drain, left - queue.unmet, fleet.ready);
    losses[way] = wanted * elapsed + policy.kappa * late;
    cost[way] = (cost[way] ?? 0) * fade + (losses[way] ?? 0);
  }
  const regret = shadows.regret * fade + regretOf(shadows, losses, policy.kappa);
  return { cost, ready, starting, inside, regret };
}

/** What each way loses in the present moment: filled anew before it is read, so that ten thousand models leave no garbage. */
const losses = new Float64Array(ways.length);

/** Replicas by the ways that cost least so far, the better the more weight. */
export function chosenReplicas(shadows: Shadows, kept: readonly number[], kappa: number): number {
  const { cost } = shadows;
  const least = Math.min(...cost);
  const scale = scaleOf(shadows, kappa);
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

/** Of a mean of the ways, the fraction that is not worth a replica. */
const roundedDown = 0.35;
/** A way that trails the best by so many scales has no say. */
const irrelevant = 9;

function shadowWanted(kept: number, state: { inside: number; ready: number }, { drain, policy }: Moment): number {
  const waiting = state.inside - state.ready * drain.slots;
  const extra = waiting > 0 ? drainReplicas(drain, { waiting, ready: state.ready }) : 0;
  const least = state.inside > 1 ? 1 : 0;
  return Math.max(policy.min, Math.min(policy.max, Math.max(kept, extra, least)));
}
