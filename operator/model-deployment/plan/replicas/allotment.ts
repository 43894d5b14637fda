import { livePods, type ObservedPod, type ObservedRevision, revisionOf, type Snapshot } from "../../snapshot.ts";
import { counts } from "../capacity/counts.ts";
import type { Counts, CountsQuestion, PodCounts } from "../capacity/question.ts";
import { type Position, position } from "../rollout/steps/position.ts";
import { shares, weightInForce } from "../traffic.ts";

/** `spec.rollout` where the spec is silent; crds/v1alpha1/rollout promises these. */
const assumed = { maxSurge: "100%", maxUnavailable: 0, capacity: "Auto" } as const;

/** How many pods the stable revision and the candidate are to have now, by the step at which the rollout stands. */
export function allotment(snapshot: Snapshot, here: Position): Counts {
  const candidate = pods(revisionOf(snapshot, snapshot.wanted.hash));
  const asked = counts({
    ...question(snapshot, here),
    candidateWeight: weightInForce(snapshot, snapshot.wanted.hash),
    candidateShare: shares(snapshot.rollout).find(({ revision }) => revision === snapshot.wanted.hash)?.weight,
    isUntold: snapshot.gateways.some(({ acknowledged }) => acknowledged === undefined),
    candidate,
    others: leavingRevisions(snapshot)
      .map(podsThere)
      .reduce((all, one) => all + one, 0),
  });
  // No pod goes before status has said what for: a crash between the two would leave it unknown.
  const { candidate: known, capacity } = snapshot.rollout;
  const isTold = known?.revision === snapshot.wanted.hash && capacity?.mode === asked.mode;
  const has = stableReplicas(snapshot);
  if (!isTold && asked.mode !== "Surge") {
    return { ...asked, stable: Math.max(asked.stable, has), candidate: candidate.replicas };
  }
  const leaving = leavingRevisions(snapshot);
  if (!isTight(snapshot) || leaving.length === 0) return asked;
  // The pods of a candidate that another took the place of go first: there is no room to spare.
  return { ...asked, stable: asked.mode === "Swap" ? returning(snapshot) : has, candidate: candidate.replicas };
}

function stableReplicas(snapshot: Snapshot): number {
  const { stable } = snapshot.rollout;
  return revisionOf(snapshot, stable?.revision)?.replicaSet.replicas ?? 0;
}

/** How many pods the stable revision is to have that nothing is to take over from: all, as far as there is room. */
export function returning(snapshot: Snapshot): number {
  const leaving = leavingRevisions(snapshot);
  if (leaving.length === 0) return snapshot.wanted.replicas;
  return counts({
    ...question(snapshot, position(snapshot)),
    isReturning: true,
    candidateWeight: Math.max(...leaving.map(({ hash }) => weightInForce(snapshot, hash))),
    candidate: leaving.map(pods).reduce(sum),
  }).stable;
}

/** Pods of a revision that are on their way out or are to go, and neither stable nor wanted. */
function leavingRevisions({ revisions, wanted, rollout }: Snapshot): readonly ObservedRevision[] {
  const isRefused = rollout.failed?.some(({ revision }) => revision === wanted.hash) === true;
  return revisions
    .filter(({ hash }) => hash !== rollout.stable?.revision && (hash !== wanted.hash || isRefused))
    .filter((revision) => revision.replicaSet.replicas > 0 || livePods(revision).length > 0);
}

/** Pods of one revision got no room before those of the other had gone. */
function isTight({ rollout: { capacity } }: Snapshot): boolean {
  return capacity !== undefined && capacity.mode !== "Surge";
}

function question(snapshot: Snapshot, here: Position): Omit<CountsQuestion, "candidate"> {
  const { wanted, rollout, spec, scaling, now } = snapshot;
  const { maxSurge = assumed.maxSurge, maxUnavailable = assumed.maxUnavailable } = spec.rollout?.canary ?? {};
  const stable = rollout.stable?.revision ?? "";
  return {
    wanted: wanted.replicas,
    strategy: here.strategy.name,
    stepWeight: here.weight,
    stableWeight: weightInForce(snapshot, stable),
    maxSurge,
    maxUnavailable,
    capacity: spec.rollout?.capacity ?? assumed.capacity,
    mode: rollout.capacity?.mode,
    modeWhy: rollout.capacity?.why,
    required: scaling?.needed,
    stable: pods(revisionOf(snapshot, stable)),
    now,
  };
}

function pods(revision: ObservedRevision | undefined): PodCounts {
  const { replicas = 0, failure, failureSinceMs } = revision?.replicaSet ?? {};
  const there = livePods(revision);
  const live = there.filter(({ terminating }) => !terminating);
  return {
    replicas,
    ready: live.filter(({ ready }) => ready).length,
    live: live.length,
    terminating: there.length - live.length,
    unschedulable: longestWait(live),
    refused: failure,
    refusedSinceMs: failureSinceMs,
    placement: revision?.placement,
  };
}

function longestWait(pods: readonly ObservedPod[]): PodCounts["unschedulable"] {
  return pods.flatMap(({ unschedulable }) => unschedulable ?? []).toSorted((a, b) => a.sinceMs - b.sinceMs)[0];
}

function podsThere(revision: ObservedRevision): number {
  return Math.max(revision.replicaSet.replicas, livePods(revision).length);
}

function sum(one: PodCounts, other: PodCounts): PodCounts {
  return {
    replicas: one.replicas + other.replicas,
    ready: one.ready + other.ready,
    live: one.live + other.live,
    terminating: (one.terminating ?? 0) + (other.terminating ?? 0),
  };
}
