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
  /** `spec.rollout.canary.maxSurge` and `maxUnavailable`, with what is assumed. */
  readonly maxSurge: string | number;
  readonly maxUnavailable: string | number;
  /** `spec.rollout.capacity`. */
  readonly capacity: "Auto" | "Surge" | "Borrow" | "Share" | "Swap" | "InPlace" | "Recreate";
  /** The mode that status names: once taken it is kept for the rollout, or climbed down from. */
  readonly mode?: CapacityMode | undefined;
  readonly stable: PodCounts;
  readonly candidate: PodCounts;
  readonly now: number;
}

/** Pods of one revision. */
export interface PodCounts {
  /** As its ReplicaSet declares. */
  readonly replicas: number;
  readonly ready: number;
  /** Pods that exist, terminating ones not counted. */
  readonly live: number;
  /** A pod that no node has room for: the scheduler's sentence, and since when (milliseconds since the epoch). */
  readonly unschedulable?: { readonly message: string; readonly sinceMs: number } | undefined;
  /** Why no pod can be created: a quota. */
  readonly refused?: string | undefined;
}

/** Pods that there are to be now. One answer is one move: it is asked again when it is carried out. */
export interface Counts {
  readonly stable: number;
  readonly candidate: number;
  /** Largest weight in percent that the candidate may have with the pods that are ready now. */
  readonly carries: number;
  readonly mode: CapacityMode;
  /** Why this mode, a sentence. */
  readonly why: string;
  /** When to ask again though nothing changed. */
  readonly recheckAfterMs?: number | undefined;
}

/** How many pods each revision is to have. */
export function counts({ wanted, stepWeight, stable, candidate }: CountsQuestion): Counts {
  const need = Math.max(1, Math.ceil((wanted * stepWeight) / 100));
  return {
    stable: Math.max(wanted, stable.replicas),
    candidate: need,
    carries: wanted === 0 ? 0 : Math.min(100, Math.floor((candidate.ready * 100) / wanted)),
    mode: "Surge",
    why: "the candidate's pods come beside the stable ones",
  };
}
