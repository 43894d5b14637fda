import type { Placement } from "./placement.ts";

/** Where the candidate's pods get room. */
export type CapacityMode = "Surge" | "Swap" | "InPlace" | "Recreate";

/** What the number of pods of both revisions of a rollout depends on. */
export interface CountsQuestion {
  /** Pods wanted altogether: spec.replicas, or the autoscaler's number. */
  readonly wanted: number;
  readonly strategy: "Canary" | "BlueGreen" | "Recreate";
  /** Weight in percent that the candidate is to reach in the present step; 100 after the last. */
  readonly stepWeight: number;
  /** Largest weight in percent that some gateway may still give to the stable revision. */
  readonly stableWeight: number;
  /** Largest weight in percent that some gateway may still give to the candidate; absent: what the stable revision lacks. */
  readonly candidateWeight?: number | undefined;
  /** Weight in percent that the candidate is declared to have; absent: none. */
  readonly candidateShare?: number | undefined;
  /** Some gateway has not said yet what it does: weights that it may give are no reason to take pods away. */
  readonly isUntold?: boolean | undefined;
  /** The candidate was given up: its weight is on its way to 0 and the stable revision gets all pods again. */
  readonly isReturning?: boolean | undefined;
  /** `spec.rollout.canary.maxSurge` and `maxUnavailable`, with what is assumed. */
  readonly maxSurge: string | number;
  readonly maxUnavailable: string | number;
  /** `spec.rollout.capacity`. */
  readonly capacity: "Auto" | "Surge" | "Borrow" | "Share" | "Swap" | "InPlace" | "Recreate";
  /** The mode that status names: once taken it is kept for the rollout, or climbed down from. */
  readonly mode?: CapacityMode | undefined;
  /** Why that mode was taken, as status says it: kept with it. */
  readonly modeWhy?: string | undefined;
  /** Pods that the present load needs, as far as it is measured. */
  readonly required?: number | undefined;
  readonly stable: PodCounts;
  readonly candidate: PodCounts;
  /** Pods of other revisions that have not gone yet: what they take is no room for new ones. */
  readonly others?: number | undefined;
  readonly now: number;
}

/** Pods of one revision. */
export interface PodCounts {
  /** As its ReplicaSet declares. */
  readonly replicas: number;
  readonly ready: number;
  /** Pods that exist, terminating ones not counted. */
  readonly live: number;
  /** Pods on their way out: what they hold is not free yet. */
  readonly terminating?: number | undefined;
  /** Where its pods may be and what they take; absent: not known, and with capacity Auto no stable pod ends then. */
  readonly placement?: Placement | undefined;
  /** A pod that no node has room for: the scheduler's sentence, and since when (milliseconds since the epoch). */
  readonly unschedulable?: { readonly message: string; readonly sinceMs: number } | undefined;
  /** Why no pod can be created: a quota. */
  readonly refused?: string | undefined;
  /** Since when, where that is known. */
  readonly refusedSinceMs?: number | undefined;
}

/** Pods that there are to be now. One answer is one move: it is asked again when it is carried out. */
export interface Counts {
  readonly stable: number;
  readonly candidate: number;
  /** Largest weight in percent that the candidate may rise to with the pods that are ready now. */
  readonly carries: number;
  readonly mode: CapacityMode;
  /** Why this mode, a sentence. */
  readonly why: string;
  /** What the next move waits for beside pods and weights, a sentence. */
  readonly waits?: string | undefined;
  /** When to ask again though nothing changed. */
  readonly recheckAfterMs?: number | undefined;
}
