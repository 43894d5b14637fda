import type { Sample } from "../sample.ts";
import {
  begin,
  end,
  type Fleet,
  fleetOf,
  freeReplica,
  makeReady,
  nextEvent,
  replicaMs,
  resize,
  running,
} from "./fleet.ts";
import { type Outcome, outcome } from "./outcome.ts";
import type { Trace } from "./trace.ts";

/** An autoscaler under simulation: the product's policy or a baseline. */
export interface Controller {
  /** Whether a request that arrives at zero replicas orders one at once. */
  readonly wakes: boolean;
  /** Replicas wanted from now on; undefined: unchanged. Called at every whole second, 0 included. */
  wanted(sample: Sample, now: number, current: number): number | undefined;
}

/** Parameters of a simulation besides the trace. */
export interface Setting {
  /** Requests that one replica runs at the same time. */
  readonly slots: number;
  /** With b requests running, each runs at 1 / (1 + slowdown · (b − 1)) of its speed. */
  readonly slowdown: number;
  /** From order to ready. */
  readonly coldStartSeconds: number;
  /** A request is late when it waited longer before its service began. */
  readonly lateAfterSeconds: number;
  /** Most replicas that can be wanted. */
  readonly max: number;
}

/** The parameters of the published figures, without cold start and slowdown. */
export const defaultSetting = { slots: 8, lateAfterSeconds: 2, max: 40 } as const;

interface World {
  readonly trace: Trace;
  readonly fleet: Fleet;
  readonly controller: Controller | undefined;
  readonly max: number;
  /** Milliseconds that each request waited; NaN until its service begins. */
  readonly waitsMs: Float64Array;
  wanted: number;
  /** Indexes of the next request to arrive and the next to begin; those between wait. */
  arrived: number;
  begun: number;
  /** Counters since the last sample. */
  arrivals: number;
  completions: number;
  serviceMs: number;
  coldStarts: number[];
}

/**
 * Replays a trace against an autoscaler. Requests wait in one queue and go to a replica when a slot is free. At every whole
 * second, all events that are due happen first; then the controller gets a sample.
 *
 * @param controller the autoscaler, or a fixed number of replicas that are ready from the start
 */
export function simulated(trace: Trace, setting: Setting, controller: Controller | number): Outcome {
  const count = typeof controller === "number" ? controller : 1;
  const world: World = {
    trace,
    fleet: fleetOf(count, { ...setting, countedFromSeconds: trace.warmupSeconds }),
    controller: typeof controller === "number" ? undefined : controller,
    max: setting.max,
    waitsMs: new Float64Array(trace.arrivalsMs.length).fill(Number.NaN),
    wanted: count,
    arrived: 0,
    begun: 0,
    arrivals: 0,
    completions: 0,
    serviceMs: 0,
    coldStarts: [],
  };
  for (let second = 0; second <= trace.seconds; second += 1) {
    advance(world, second * 1000);
    if (world.controller !== undefined && second < trace.seconds) control(world, world.controller, second);
  }
  const { fleet } = world;
  return outcome({
    trace,
    waitsMs: world.waitsMs,
    lateAfterSeconds: setting.lateAfterSeconds,
    gpuSeconds: replicaMs(fleet, trace.seconds * 1000) / 1000,
    coldStarts: fleet.orders,
    mostReplicas: fleet.most,
  });
}

/** Processes all events up to and including `untilMs`. */
function advance(world: World, untilMs: number): void {
  const { trace, fleet } = world;
  for (;;) {
    const arrivalMs = trace.arrivalsMs[world.arrived] ?? Number.POSITIVE_INFINITY;
    const { atMs, replica } = nextEvent(fleet);
    if (Math.min(arrivalMs, atMs) > untilMs) return;
    if (replica !== undefined && atMs <= arrivalMs) {
      readyOrEnd(world, replica, atMs);
    } else {
      arrive(world, arrivalMs);
    }
  }
}

function arrive(world: World, nowMs: number): void {
  world.arrived += 1;
  world.arrivals += 1;
  if (world.wanted === 0 && world.controller?.wakes === true) {
    world.wanted = 1;
    resize(world.fleet, 1, nowMs);
  }
  dispatch(world, nowMs);
}

function readyOrEnd(world: World, replica: Fleet["replicas"][number], nowMs: number): void {
  if (replica.isReady) {
    world.serviceMs += end(world.fleet, replica, nowMs);
    world.completions += 1;
  } else {
    makeReady(world.fleet, replica);
    world.coldStarts.push((nowMs - replica.orderedMs) / 1000);
  }
  dispatch(world, nowMs);
}

/** Assigns the oldest waiting requests to free slots. */
function dispatch(world: World, nowMs: number): void {
  const { trace, fleet } = world;
  while (world.begun < world.arrived) {
    const free = freeReplica(fleet);
    if (free === undefined) return;
    world.waitsMs[world.begun] = nowMs - (trace.arrivalsMs[world.begun] ?? nowMs);
    begin(fleet, free, trace.servicesMs[world.begun] ?? 0, nowMs);
    world.begun += 1;
  }
}

/** Gives the controller a sample and applies what it wants. */
function control(world: World, controller: Controller, second: number): void {
  const { fleet, trace } = world;
  const oldestMs = world.begun < world.arrived ? (trace.arrivalsMs[world.begun] ?? 0) : second * 1000;
  const sample: Sample = {
    arrivals: world.arrivals,
    completions: world.completions,
    serviceSeconds: world.serviceMs / 1000,
    inFlight: running(fleet),
    queued: world.arrived - world.begun,
    oldestWait: second - oldestMs / 1000,
    ready: fleet.ready,
    pending: fleet.starting,
    draining: fleet.draining,
    coldStarts: world.coldStarts,
  };
  world.arrivals = 0;
  world.completions = 0;
  world.serviceMs = 0;
  world.coldStarts = [];
  const wanted = controller.wanted(sample, second, world.wanted);
  if (wanted === undefined) return;
  world.wanted = Math.min(wanted, world.max);
  resize(fleet, world.wanted, second * 1000);
}
