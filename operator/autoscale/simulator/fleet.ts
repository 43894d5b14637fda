import { beginService, endService, type Replica, replica, settle } from "./replica.ts";

/** The simulated replicas of one model, including those starting and draining; the oldest first. */
export interface Fleet {
  readonly slots: number;
  readonly slowdown: number;
  readonly coldStartMs: number;
  readonly replicas: Replica[];
  starting: number;
  ready: number;
  draining: number;
  /** Replicas ordered so far. */
  orders: number;
  /** Most replicas that existed at the same time, draining ones included. */
  most: number;
  /** Milliseconds that removed replicas existed for since `countedFromMs`. */
  usedMs: number;
  readonly countedFromMs: number;
}

/** Parameters of a fleet. */
export interface FleetShape {
  /** Requests that one replica runs at the same time. */
  readonly slots: number;
  /** With b requests running, each runs at 1 / (1 + slowdown · (b − 1)) of its speed. */
  readonly slowdown: number;
  readonly coldStartSeconds: number;
  /** Replica time before this moment is not counted. */
  readonly countedFromSeconds: number;
}

/** A fleet of `count` replicas that are ready at time 0. */
export function fleetOf(count: number, shape: FleetShape): Fleet {
  return {
    slots: shape.slots,
    slowdown: shape.slowdown,
    coldStartMs: shape.coldStartSeconds * 1000,
    replicas: Array.from({ length: count }, () => ({ ...replica(0, 0), isReady: true })),
    starting: 0,
    ready: count,
    draining: 0,
    orders: 0,
    most: count,
    usedMs: 0,
    countedFromMs: shape.countedFromSeconds * 1000,
  };
}

/** Orders or gives up replicas until `wanted` are starting or ready; draining ones are on top of that. */
export function resize(fleet: Fleet, wanted: number, nowMs: number): void {
  while (fleet.starting + fleet.ready < wanted) {
    fleet.replicas.push(replica(nowMs, nowMs + fleet.coldStartMs));
    fleet.starting += 1;
    fleet.orders += 1;
  }
  while (fleet.starting + fleet.ready > wanted) {
    const leaving = youngestStarting(fleet) ?? leastBusy(fleet);
    if (leaving === undefined) break;
    retire(fleet, leaving, nowMs);
  }
  fleet.most = Math.max(fleet.most, fleet.replicas.length);
}

/** The ready replica with a free slot that the next request goes to: the one with the fewest requests, the oldest among equals. */
export function freeReplica(fleet: Fleet): Replica | undefined {
  let best: Replica | undefined;
  for (const one of fleet.replicas) {
    if (!one.isReady || one.isDraining || one.running >= fleet.slots) continue;
    if (best === undefined || one.running < best.running) best = one;
  }
  return best;
}

/** The next event (a replica becomes ready or ends a request): its time in milliseconds and its replica. */
export function nextEvent(fleet: Fleet): { readonly atMs: number; readonly replica: Replica | undefined } {
  let atMs = Number.POSITIVE_INFINITY;
  let next: Replica | undefined;
  for (const one of fleet.replicas) {
    const nextMs = one.isReady ? one.nextEndMs : one.readyMs;
    if (nextMs < atMs) {
      atMs = nextMs;
      next = one;
    }
  }
  return { atMs, replica: next };
}

/** Begins a request that takes `serviceMs` alone on a replica. */
export function begin(fleet: Fleet, on: Replica, serviceMs: number, nowMs: number): void {
  settle(on, nowMs, fleet.slowdown);
  beginService(on, serviceMs, nowMs);
  settle(on, nowMs, fleet.slowdown);
}

/** Ends the request that is due on a replica; returns how long it ran, in milliseconds. */
export function end(fleet: Fleet, on: Replica, nowMs: number): number {
  settle(on, nowMs, fleet.slowdown);
  const ranMs = endService(on, nowMs);
  settle(on, nowMs, fleet.slowdown);
  if (on.isDraining && on.running === 0) remove(fleet, on, nowMs);
  return ranMs;
}

/** Makes a starting replica ready. */
export function makeReady(fleet: Fleet, one: Replica): void {
  one.isReady = true;
  fleet.starting -= 1;
  fleet.ready += 1;
}

/** Requests that run on all replicas. */
export function running(fleet: Fleet): number {
  let sum = 0;
  for (const one of fleet.replicas) sum += one.running;
  return sum;
}

/** Milliseconds of all replicas from `countedFromMs` to now, starting and draining included. */
export function replicaMs(fleet: Fleet, nowMs: number): number {
  return fleet.replicas.reduce((sum, one) => sum + countedMs(fleet, one, nowMs), fleet.usedMs);
}

function youngestStarting(fleet: Fleet): Replica | undefined {
  return fleet.starting === 0 ? undefined : fleet.replicas.findLast((one) => !one.isReady);
}

function leastBusy(fleet: Fleet): Replica | undefined {
  let best: Replica | undefined;
  for (const one of fleet.replicas) {
    if (!one.isReady || one.isDraining) continue;
    if (best === undefined || one.running <= best.running) best = one;
  }
  return best;
}

function retire(fleet: Fleet, one: Replica, nowMs: number): void {
  if (!one.isReady) {
    fleet.starting -= 1;
    fleet.draining += 1;
    remove(fleet, one, nowMs);
    return;
  }
  fleet.ready -= 1;
  fleet.draining += 1;
  one.isDraining = true;
  if (one.running === 0) remove(fleet, one, nowMs);
}

function remove(fleet: Fleet, one: Replica, nowMs: number): void {
  fleet.draining -= 1;
  fleet.usedMs += countedMs(fleet, one, nowMs);
  fleet.replicas.splice(fleet.replicas.indexOf(one), 1);
}

function countedMs(fleet: Fleet, one: Replica, nowMs: number): number {
  return Math.max(0, nowMs - Math.max(one.orderedMs, fleet.countedFromMs));
}
