import type { QueueModel } from "../../../operator/autoscale/backlog.ts";
import { fluidQueue } from "../../../operator/autoscale/shadows/fluid-queue.ts";
import { lateShare } from "../../../operator/autoscale/shadows/late-share.ts";
import type { Controller, Setting } from "../../../operator/autoscale/simulator/simulation.ts";
import type { Trace } from "../../../operator/autoscale/simulator/trace.ts";
import { insideGrid } from "./inside-grid.ts";

/** What a plan is made for. */
export interface Goal {
  readonly kappa: number;
  readonly min: number;
  /** More arrivals than there are, as a share: what a queue without chance does not see. */
  readonly surplus: number;
}

/** Seconds of a step of the plan, in which replicas and rate stay. */
const stepSeconds = 5;
const grid = insideGrid(4000);

/** What is planned for; values and choices are one per number of requests inside (rows) and of ready replicas. */
interface Course {
  readonly trace: Trace;
  readonly setting: Setting;
  readonly goal: Goal;
  readonly model: QueueModel;
  /** By step. */
  readonly arrivals: Float64Array;
  /** Numbers of ready replicas: 0 and up. */
  readonly width: number;
}

/**
 * A policy that knows all arrivals beforehand: for every moment the ready replicas of the least cost, by dynamic programming over
 * replicas and requests inside a fluid queue. What it costs in the simulator can be had with foresight; less may be possible.
 */
export function foresight(trace: Trace, setting: Setting, goal: Goal): Controller {
  const ready = readyPlan(courseOf(trace, setting, goal));
  const lead = Math.ceil(setting.coldStartSeconds / stepSeconds);
  return {
    wakes: false,
    wanted: (_, now) => {
      if (now % stepSeconds !== 0) return undefined;
      const step = now / stepSeconds;
      // No plan of the least cost gives up what it orders again within a start, so the most of a start is what exists.
      return ready.subarray(step, step + lead + 1).reduce((most, count) => Math.max(most, count), goal.min);
    },
  };
}

function courseOf(trace: Trace, setting: Setting, goal: Goal): Course {
  const { slots, slowdown, lateAfterSeconds, coldStartSeconds, max } = setting;
  const { arrivalsMs, servicesMs, seconds } = trace;
  const serviceSeconds = servicesMs.reduce((sum, ms) => sum + ms, 0) / 1000 / Math.max(1, servicesMs.length);
  const capacity = slots / (1 + slowdown * (slots - 1));
  const queue = { serviceSeconds, slots, capacity, coldStartSeconds, lateAfterSeconds };
  const model = { kappa: goal.kappa, rate: 0, offered: 0, ...queue };
  const arrivals = new Float64Array(Math.ceil(seconds / stepSeconds));
  for (const atMs of arrivalsMs) {
    const step = Math.min(arrivals.length - 1, Math.floor(atMs / 1000 / stepSeconds));
    arrivals[step] = (arrivals[step] ?? 0) + 1 + goal.surplus;
  }
  return { trace, setting, goal, model, arrivals, width: 1 + mostReplicas(arrivals, model, max) };
}

/** Twice what the busiest minute needs: more is of no use to any plan. */
function mostReplicas(arrivals: Float64Array, { serviceSeconds, capacity }: QueueModel, max: number): number {
  const span = 60 / stepSeconds;
  let [sum, busiest] = [0, 0];
  arrivals.forEach((count, step) => {
    sum += count - (arrivals[step - span] ?? 0);
    busiest = Math.max(busiest, sum);
  });
  return Math.min(max, 3 + Math.ceil((2 * busiest * serviceSeconds) / 60 / capacity));
}

/** Ready replicas by step: from the last step to the first what is best from there on, then the way that this goes. */
function readyPlan(course: Course): Uint8Array {
  const { arrivals, width, model, goal } = course;
  const size = grid.values.length * width;
  const choices = new Uint8Array(arrivals.length * size);
  let later = new Float64Array(size);
  for (let step = arrivals.length - 1; step >= 0; step -= 1) {
    later = changed(staying(later, step, course), startCost(step, course), {
      width,
      choices: choices.subarray(step * size, (step + 1) * size),
    });
  }
  let [inside, ready] = [0, Math.max(1, goal.min)];
  return Uint8Array.from(arrivals, (count, step) => {
    ready = choices[step * size + grid.nearest(inside) * width + ready] ?? ready;
    inside = fluidQueue(model, { elapsed: stepSeconds, arrivals: count }).after(inside, ready);
    return ready;
  });
}

/** What the rest costs when so many replicas are ready through this step. */
function staying(later: Float64Array, step: number, { trace, setting, goal, model, arrivals, width }: Course) {
  const now = step * stepSeconds;
  const isCounted = now >= trace.warmupSeconds ? 1 : 0;
  const most = now < setting.coldStartSeconds ? Math.max(1, goal.min) : width - 1;
  const count = arrivals[step] ?? 0;
  const queue = fluidQueue(model, { elapsed: stepSeconds, arrivals: count });
  const costs = new Float64Array(later.length).fill(Number.POSITIVE_INFINITY);
  for (let ready = goal.min; ready <= most; ready += 1) {
    grid.values.forEach((inside, row) => {
      const left = queue.after(inside, ready);
      const late = count === 0 ? 0 : count * lateShare(model, left - queue.unmet, ready);
      const rest = grid.between(left, (at) => later[at * width + ready] ?? 0);
      costs[row * width + ready] = isCounted * (ready * stepSeconds + goal.kappa * late) + rest;
    });
  }
  return costs;
}

/** The part of a start that is counted, when the replica is ready at this step. */
function startCost(step: number, { setting, trace }: Course): number {
  return Math.max(0, Math.min(setting.coldStartSeconds, step * stepSeconds - trace.warmupSeconds));
}

/** What the rest costs with so many ready replicas before the step, which may give some up or have had others started. Fills `choices`. */
function changed(
  stay: Float64Array,
  start: number,
  { width, choices }: { readonly width: number; readonly choices: Uint8Array },
): Float64Array<ArrayBuffer> {
  const costs = new Float64Array(stay.length);
  for (let row = 0; row < stay.length; row += width) {
    const at = (ready: number): number => stay[row + ready] ?? 0;
    let fewer = 0;
    for (let ready = 0; ready < width; ready += 1) {
      if (at(ready) <= at(fewer)) fewer = ready;
      choices[row + ready] = fewer;
      costs[row + ready] = at(fewer);
    }
    let more = width - 1;
    for (let ready = width - 1; ready >= 0; ready -= 1) {
      if (at(ready) < at(more) + (more - ready) * start) more = ready;
      const cost = at(more) + (more - ready) * start;
      if (cost >= (costs[row + ready] ?? 0)) continue;
      choices[row + ready] = more;
      costs[row + ready] = cost;
    }
  }
  return costs;
}
