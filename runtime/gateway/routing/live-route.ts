import type { Endpoint, RevisionRoute, Route } from "../../contract/route-table.ts";
import type { RevisionCounts } from "../figures/counts.ts";
import { forgetRevisions, type Ledger, type ModelCounts } from "../figures/ledger.ts";
import { type Held, waitingFigures } from "./hold.ts";
import { textFraction } from "./sharing/hashing.ts";
import { beginSharing, type Sharer } from "./sharing/split.ts";

/** A ready pod with what this gateway remembers about it. */
export interface LivePod {
  readonly endpoint: Endpoint;
  /** `address:port`. */
  readonly address: string;
  /** When it came into the table, or had its model again. */
  sinceMs: number;
  /** Requests and copies that it has right now. */
  outstanding: number;
  /** It took no connection: others are asked first until then. */
  shunnedUntilMs: number;
  /** It has been asked before: only the first request may find it cold. */
  wasAsked: boolean;
  /** It left the table, terminating or not ready any more: a 502 or 503 from it is no answer of the model. */
  isLeaving: boolean;
  /** It said that it loads its model: it is no pod to send to until it has it, whatever the table says. */
  isAside: boolean;
}

/** A revision of a route. It keeps being the same object while tables change around it. */
export interface LiveRevision extends Sharer {
  readonly hash: string;
  readonly counts: RevisionCounts;
  route: RevisionRoute;
  weight: number;
  /** Those of the table. */
  named: readonly LivePod[];
  /** Of these, the ones that are ready: all but those set aside. */
  pods: readonly LivePod[];
}

/** What is under way to and at the pods of a route. Counted by `Passage` (passage/passage.ts), for every protocol. */
export interface Traffic {
  /** Requests that wait for nothing but their pods. */
  admitted: number;
  /** Of these, the ones that a pod failed before. */
  again: number;
  /** Those that a pod failed and that wait for their turn to be sent again. */
  turns: Set<() => void> | undefined;
}

/** A route with what this gateway remembers about it; the memory outlives new tables. */
export interface LiveRoute extends Held {
  route: Route;
  /** In the order of the route. */
  revisions: readonly LiveRevision[];
  /** Those with weight and ready pods: they share the requests that wish for none. */
  sharing: readonly LiveRevision[];
  /** Where in their sequence the turns of a split begin at this gateway, 0 ≤ x < 1. */
  readonly phase: number;
  readonly counts: ModelCounts;
  readonly traffic: Traffic;
  /** Percent points of the requests since the last copy: at 100 one is copied. */
  mirrorPoints: number;
}

/** What all routes of a gateway share. */
export interface LiveParts {
  readonly ledger: Ledger;
  readonly gateway: string;
  readonly monotonic: () => number;
}

/** A route that is new at this gateway. */
export function liveRoute(route: Route, parts: LiveParts): LiveRoute {
  const live: LiveRoute = {
    route,
    revisions: [],
    sharing: [],
    phase: textFraction(`${parts.gateway}\n${route.key}`),
    hold: undefined,
    counts: parts.ledger.opened(route.key, () => waitingFigures(live, parts.monotonic())),
    traffic: { admitted: 0, again: 0, turns: undefined },
    mirrorPoints: 0,
  };
  updateRoute(live, route, parts);
  return live;
}

/** Works a newer route in. */
export function updateRoute(live: LiveRoute, route: Route, parts: LiveParts): void {
  const known = live.revisions;
  live.route = route;
  live.revisions = route.revisions.map((revision) => liveRevision(live, revision, parts));
  for (const former of known) if (!live.revisions.includes(former)) clearPods(former);
  forgetRevisions(live.counts, new Set(route.revisions.map(({ hash }) => hash)));
  align(live);
}

/** Leaves nobody to send to: the route is gone. */
export function clearRoute(live: LiveRoute): void {
  live.revisions.forEach(clearPods);
  live.revisions = [];
  live.sharing = [];
}

function liveRevision(live: LiveRoute, route: RevisionRoute, parts: LiveParts): LiveRevision {
  const known = live.revisions.find(({ hash }) => hash === route.hash);
  const revision: LiveRevision = known ?? {
    hash: route.hash,
    counts: parts.ledger.revision(live.counts, route.hash),
    route,
    weight: route.weight,
    debt: 0,
    named: [],
    pods: [],
  };
  const named = route.endpoints.map((endpoint) => livePod(revision, endpoint, parts));
  for (const former of revision.named) if (!named.includes(former)) former.isLeaving = true;
  revision.route = route;
  revision.weight = route.weight;
  revision.named = named;
  sortOut(revision);
  return revision;
}

function livePod(revision: LiveRevision, endpoint: Endpoint, { monotonic }: LiveParts): LivePod {
  const address = endpointAddress(endpoint);
  const known = revision.named.find((pod) => pod.address === address && pod.endpoint.pod === endpoint.pod);
  return (
    known ?? {
      endpoint,
      address,
      sinceMs: monotonic(),
      outstanding: 0,
      shunnedUntilMs: 0,
      wasAsked: false,
      isLeaving: false,
      isAside: false,
    }
  );
}

function clearPods(revision: LiveRevision): void {
  for (const pod of revision.named) pod.isLeaving = true;
  revision.named = [];
  revision.pods = [];
}

/** Sends a pod nothing more until `takeBack`. False: that is so already. */
export function setAside(live: LiveRoute, pod: LivePod): boolean {
  if (pod.isAside || pod.isLeaving) return false;
  pod.isAside = true;
  live.revisions.forEach(sortOut);
  align(live);
  return true;
}

/** The pod has its model: it is as good as a new one. */
export function takeBack(live: LiveRoute, pod: LivePod, nowMs: number): void {
  pod.isAside = false;
  pod.wasAsked = false;
  pod.shunnedUntilMs = 0;
  pod.sinceMs = nowMs;
  live.revisions.forEach(sortOut);
  align(live);
}

function sortOut(revision: LiveRevision): void {
  const { named } = revision;
  revision.pods = named.some(({ isAside }) => isAside) ? named.filter(({ isAside }) => !isAside) : named;
}

/** When others share than before, all begin anew: what one missed while it had nothing ready is not made up for. */
function align(live: LiveRoute): void {
  const some = live.revisions.filter(({ weight, pods }) => weight > 0 && pods.length > 0);
  const sharing = some.length === live.revisions.length ? live.revisions : some;
  const isSame = sharing.length === live.sharing.length && sharing.every((revision, i) => revision === live.sharing[i]);
  live.sharing = sharing;
  if (!isSame) beginSharing(sharing, live.phase);
}

function endpointAddress({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}
