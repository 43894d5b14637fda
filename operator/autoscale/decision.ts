import { addSample, type Demand, isBusy, negligibleConcurrency, noDemand, outlook } from "./demand.ts";
import { type Drain, drainReplicas } from "./drain.ts";
import { keepReplicas, type Levels, newLevels, noteNeeds } from "./levels/levels.ts";
import { concurrencyFor, triggers } from "./levels/triggers.ts";
import { ways } from "./levels/ways.ts";
import type { Policy } from "./policy.ts";
import { type Bid, reason, winner } from "./reasons.ts";
import type { Sample } from "./sample.ts";
import { type Scheduled, scheduled } from "./schedule/scheduled.ts";
import { addService, capability, type ServiceModel, unseenService } from "./service.ts";
import { chosenReplicas, moveShadows, newShadows, type Shadows } from "./shadows/shadows.ts";

/**
 * What the autoscaler knows of one model: plain JSON that outlives the operator. It has one owner and each decision moves it on
 * in place: ten thousand models that were given new records each second would be garbage collection for a third of the time.
 */
export interface AutoscalerState {
  /** Second of the last decision that had a sample. */
  at: number;
  /** Seconds between the last two samples. */
  step: number;
  /** Until this second nothing goes below `found`: what is not known yet may be needed. */
  readonly settledAt: number;
  /** Replicas that were there when the autoscaler began to look. */
  readonly found: number;
  readonly service: ServiceModel;
  readonly demand: Demand;
  readonly levels: Levels;
  readonly shadows: Shadows;
  /** Replicas wanted to work off the backlog; 0 without one. */
  draining: number;
}

/** What one decision rests on. */
export interface Observation {
  readonly spec: Policy;
  /** What was seen since the last decision; undefined when the gateways could not be asked. */
  readonly samples: Sample | undefined;
  /** Replicas wanted until now, of all revisions together. */
  readonly current: number;
  /** The state that the last decision returned, which this one changes; undefined for a model that is new or whose state is lost. */
  readonly state: AutoscalerState | undefined;
  /** Seconds since 1970 UTC. */
  readonly now: number;
}

/** What the policy wants, and why. */
export interface Decision {
  /** Replicas wanted from now on, between min and max. */
  readonly desired: number;
  /** To be given to the next decision. */
  readonly state: AutoscalerState;
  /** Why so many, a sentence for status, events and logs. */
  readonly why: string;
}

/** How long a model that nothing is known of keeps what was found. */
const settlingSeconds = 60;
/** How long the count is held when there are no samples; then it goes to what the last known load needs. */
export const lossSeconds = 300;
/** Part of the replicas for a backlog below which some of them are given up. */
const giveUpShare = 0.5;
const shortestPauseSeconds = 10;
/** The fluid of the shadows is not moved further at a time. */
const longestStepSeconds = 30;

/**
 * How many replicas a model should have. The same observation gives the same decision, and nothing but its state is changed. With no requests the answer
 * never rises but to min or for a schedule; it does not depend on how many replicas are starting; without samples it holds.
 */
export function decide(observation: Observation): Decision {
  const { spec, samples, now, current } = observation;
  const state = observation.state ?? newState(spec, current, now);
  const window = scheduled(spec.schedules, now, coldStartOf(state, spec));
  if (samples === undefined) return blind(observation, state, window);
  observe(state, observation, samples);
  const bids = [...bidsOf(state, observation), ...scheduleBids(window)];
  if (now < state.settledAt) {
    bids.push({ replicas: Math.min(state.found, current), why: "what was found is kept until the load is known" });
  }
  const { replicas, why } = winner(bids);
  const ceiling = isBusy(samples) ? Number.POSITIVE_INFINITY : Math.max(current, window?.min ?? 0);
  return bounded(Math.min(replicas, ceiling), why, state, spec);
}

/** A model of which nothing is known, with so many replicas wanted. */
function newState(spec: Policy, current: number, now: number): AutoscalerState {
  return {
    at: now,
    step: 1,
    settledAt: now + settlingSeconds,
    found: current,
    service: unseenService(),
    demand: noDemand(now - 1),
    levels: newLevels(),
    shadows: newShadows(spec, current),
    draining: 0,
  };
}

interface Known {
  readonly serviceSeconds: number;
  readonly slots: number;
  readonly capacity: number;
  readonly coldStartSeconds: number;
}

/** What the state says of a replica, and the policy where nothing was measured. */
export function knownOf(state: AutoscalerState, spec: Policy): Known {
  return { ...capability(state.service, spec), coldStartSeconds: coldStartOf(state, spec) };
}

function coldStartOf({ service }: AutoscalerState, { coldStartSeconds }: Policy): number {
  return service.coldStartSeconds ?? coldStartSeconds;
}

/** What the present moment needs by each trigger, and what each way keeps: filled anew before it is read. */
const needs = new Float64Array(triggers.length);
const kept = new Float64Array(ways.length);

/** Moves the state on by a sample; `kept` tells then what each way keeps. */
function observe(state: AutoscalerState, { spec, now }: Observation, samples: Sample): void {
  const gap = Math.max(0, now - state.demand.at);
  const elapsed = samples.seconds ?? (gap > pauseOf(state) ? 0 : gap);
  addService(state.service, samples, elapsed);
  const known = knownOf(state, spec);
  addSample(state.demand, samples, { now, elapsed }, known);
  fillNeeds(state.demand, { spec, known, isBusy: isBusy(samples) });
  noteNeeds(state.levels, needs, now);
  keepReplicas(state.levels, { now, holdSeconds: spec.holdSeconds }, kept);
  const drain = drainOf(state.demand, known, spec);
  const { arrivals, queued: waiting, ready } = samples;
  moveShadows(state.shadows, {
    now,
    elapsed: Math.min(elapsed, longestStepSeconds),
    arrivals,
    drain,
    kept,
    policy: spec,
  });
  state.draining = steadied(state.draining, drainReplicas(drain, { waiting, ready }));
  state.at = now;
  state.step = gap;
}

function fillNeeds(
  demand: Demand,
  moment: { readonly spec: Policy; readonly known: Known; readonly isBusy: boolean },
): void {
  const { spec, known } = moment;
  const view = outlook(demand, known.coldStartSeconds);
  const isIdle = !moment.isBusy && view.base < negligibleConcurrency;
  const least = moment.isBusy ? 1 : 0;
  triggers.forEach((trigger, index) => {
    const count = isIdle ? 0 : Math.ceil(concurrencyFor(trigger, view, demand) / known.capacity - 1e-9);
    needs[index] = Math.min(spec.max, Math.max(least, count));
  });
}

/** After a longer gap nobody knows which part of it the counters cover: they may be those of a new operator. */
function pauseOf({ step }: AutoscalerState): number {
  return Math.max(shortestPauseSeconds, 3 * step);
}

/** A little less is no less: who gives up what starts, for a moment, waits for a whole start again. */
function steadied(before: number, wanted: number): number {
  return wanted < before && wanted > giveUpShare * before ? before : wanted;
}

function drainOf({ rate, offered }: Demand, known: Known, { kappa, lateAfterSeconds }: Policy): Drain {
  return { kappa, rate, offered, lateAfterSeconds, ...known };
}

function bidsOf(state: AutoscalerState, { spec, now, samples }: Observation): Bid[] {
  const replicas = chosenReplicas(state.shadows, kept, spec.kappa);
  const bids: Bid[] = [{ replicas, why: reason(state, spec, { replicas, now }) }];
  if (state.draining > 0) {
    const why = `${samples?.queued ?? 0} requests wait, the oldest for ${(samples?.oldestWait ?? 0).toFixed(1)} s`;
    bids.push({ replicas: state.draining, why });
  }
  return bids;
}

function scheduleBids(window: Scheduled | undefined): Bid[] {
  return window === undefined ? [] : [{ replicas: window.min, why: `schedule ${window.name} keeps ${window.min}` }];
}

/** Without samples: hold, then the least that is safe: what the load needed when it was seen last, and never more than now. */
function blind({ spec, now, current }: Observation, state: AutoscalerState, window: Scheduled | undefined): Decision {
  const silent = Math.round(now - state.at);
  const isHeld = now - state.at <= lossSeconds;
  const { capacity } = knownOf(state, spec);
  const safe = Math.max(1, Math.ceil(state.demand.slow / capacity));
  const replicas = isHeld ? current : Math.min(current, safe);
  const why = `no samples for ${silent} s; ${isHeld ? "held" : "the load as it was seen last"}`;
  const bid = winner([{ replicas, why }, ...scheduleBids(window)]);
  return bounded(bid.replicas, bid.why, state, spec);
}

function bounded(replicas: number, why: string, state: AutoscalerState, { min, max }: Policy): Decision {
  if (replicas > max) return { desired: max, state, why: `${why}; max is ${max}` };
  if (replicas < min) return { desired: min, state, why: `min is ${min}` };
  return { desired: replicas, state, why };
}
