import type { RevisionRoute, Route } from "../../../../runtime/contract/route-table.ts";
import { createLedger } from "../../../../runtime/gateway/figures/ledger.ts";
import {
  liveRoute,
  type LivePod,
  type LiveRoute,
  updateRoute,
} from "../../../../runtime/gateway/routing/live-route.ts";

/** A gateway's state of one route, and its clock. */
export interface LiveScene {
  readonly live: LiveRoute;
  readonly clock: { nowMs: number };
  readonly update: (changes: Partial<Route>) => void;
}

/** A revision with that many ready pods, named `<hash>-<i>`. */
export function revisionOf(hash: string, weight: number, pods = 1): RevisionRoute {
  const endpoints = Array.from({ length: pods }, (_, i) => ({
    pod: `${hash}-${i}`,
    address: `10.0.${hash.charCodeAt(0)}.${i}`,
    port: 8501,
  }));
  return { hash, version: "1", weight, endpoints, draining: [] };
}

export function routeOf(revisions: readonly RevisionRoute[], changes: Partial<Route> = {}): Route {
  return {
    key: "default/digits",
    model: "digits",
    port: 20_000,
    hostnames: [],
    revisions,
    hold: { maxRequests: 10, maxBytes: 1_000, timeoutMs: 1_000 },
    bodyBytes: 1_000_000,
    timeoutMs: 5_000,
    ...changes,
  };
}

export function liveScene(revisions: readonly RevisionRoute[], changes: Partial<Route> = {}): LiveScene {
  const clock = { nowMs: 0 };
  const monotonic = () => clock.nowMs;
  const parts = { ledger: createLedger({ gateway: "g0", run: "r", monotonic }), gateway: "g0", monotonic };
  const live = liveRoute(routeOf(revisions, changes), parts);
  return { live, clock, update: (more) => updateRoute(live, { ...live.route, ...more }, parts) };
}

/** This many idle pods past their slow start. */
export function idlePods(count: number): LivePod[] {
  return Array.from({ length: count }, (_, i) => ({
    endpoint: { pod: `p${i}`, address: `10.0.0.${i}`, port: 8501 },
    address: `10.0.0.${i}:8501`,
    sinceMs: -60_000,
    outstanding: 0,
    avoidUntilMs: 0,
    hadRequests: true,
    isLeaving: false,
    isLoading: false,
  }));
}
