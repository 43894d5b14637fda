import { readyPods, revisionOf, type RolloutState, type Share, type Snapshot } from "../../snapshot.ts";
import type { Action, Hold } from "../action.ts";
import type { Counts } from "../capacity/counts.ts";
import { revisionVersion } from "../revisions.ts";
import { split } from "../traffic.ts";

/** The rollout's next state and the moves that lead to it. */
export interface Turn {
  readonly state: RolloutState;
  readonly moves: readonly Action[];
  /** Pods that the revisions are to have; absent: as many as are wanted, each. */
  readonly counts?: Pick<Counts, "stable" | "candidate" | "why"> | undefined;
  /** Room is being made for the candidate's pods: that they find none is no fault. */
  readonly makesRoom?: boolean | undefined;
  /** What a step waits for. */
  readonly waits?: Hold | undefined;
  readonly recheckAfterMs?: number | undefined;
}

/** The move to a new split; none when status already says it. */
export function shifted(snapshot: Snapshot, state: RolloutState, why: string): readonly Action[] {
  const next = split(state);
  if (next === split(snapshot.rollout)) return [];
  return [{ kind: "shift", target: next === "" ? "traffic" : `traffic ${next}`, split: next, why }];
}

/** A revision becomes the stable one: status says so, and nothing else happens. */
export function promoted({ revision, version }: Share, why: string): Action {
  return { kind: "promote", target: `revision ${revision} (version ${version})`, why };
}

/** The wanted revision with this weight. */
export function wantedShare(snapshot: Snapshot, weight: number): Share {
  const { hash } = snapshot.wanted;
  return { revision: hash, version: revisionVersion(snapshot, hash), weight };
}

/** How many of a revision's pods serve. */
export function readyCount(snapshot: Snapshot, hash: string | undefined): number {
  return readyPods(revisionOf(snapshot, hash)).length;
}

/** How many pods a revision's ReplicaSet asks for. */
export function declaredCount(snapshot: Snapshot, hash: string | undefined): number {
  return revisionOf(snapshot, hash)?.replicaSet.replicas ?? 0;
}

/** `1 of 2 pods`. */
export function podCount(ready: number, wanted: number): string {
  return `${ready} of ${wanted} ${wanted === 1 ? "pod" : "pods"}`;
}
