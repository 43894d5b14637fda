import type { RolloutSpec } from "../../../crds/v1alpha1/rollout/rollout.ts";

/** Commands to a rollout. */
export type CommandName = "promote" | "promoteFull" | "abort" | "retry";

/** A change by the user, `gapMs` after the previous one. */
export interface Change {
  readonly gapMs: number;
  readonly name: string;
  readonly act:
    | {
        readonly kind: "create";
        readonly model: string;
        readonly replicas: number;
        readonly rollout?: RolloutSpec;
        /** Its models are in a claim, not in a ConfigMap: its pods can be updated in place. */
        readonly isClaimed?: boolean;
      }
    | { readonly kind: "model"; readonly model: string }
    | { readonly kind: "replicas"; readonly replicas: number }
    | { readonly kind: "suspend"; readonly suspend: boolean }
    | { readonly kind: "annotate" }
    | { readonly kind: "command"; readonly command: CommandName; readonly value: string }
    | { readonly kind: "pause"; readonly isPaused: boolean }
    /** Replaces the rollout spec. */
    | { readonly kind: "rollout"; readonly rollout: RolloutSpec }
    /** Sets the quota of pods in the namespace; absent: no quota. */
    | { readonly kind: "quota"; readonly pods?: number | undefined }
    /** Deletes every pod of the candidate. */
    | { readonly kind: "lose-candidate" }
    /** Waits until status answers every command. */
    | { readonly kind: "await-answers" }
    | { readonly kind: "delete" }
    | { readonly kind: "foreign-service"; readonly isThere: boolean };
}

/** Faults of an operator's request; `README.md` explains F1 to F14. */
export const requestFaults = [
  "crash-before", // F7
  "crash-after", // F7
  "conflict", // F8
  "too-many", // F9
  "too-many-retry-after", // F9
  "error-before", // F10
  "error-after", // F10
  "unavailable", // F10
  "lost-before", // F10
  "lost-after", // F10
  "late", // F10
  "slow", // F10
] as const;

/** Faults of a watch event. */
export const eventFaults = [
  "drop", // F1
  "duplicate", // F2
  "delay", // F3
  "cut", // F4
  "close", // F4
  "expire", // F5
  "only-bookmarks", // F6
] as const;

/** Faults at a point in time. */
export const timedFaults = [
  "crash", // F7
  "outage", // F10
  "blind", // F3
  "stale-state", // F11
  "second-leader", // F12
  "pause", // F12
  "clock-forward", // F12
  "clock-back", // F12
  "slow-collection", // F13
  "delete-child", // F13
  "edit-child", // F13
  "edit-replica-set", // F13
  "kill-pod", // F13
  "kind-missing", // F14
  "gateway-leaves",
  "gateway-deaf",
  "gateway-unready",
  "compact", // F5
] as const;

export type RequestFault = (typeof requestFaults)[number];
export type EventFault = (typeof eventFaults)[number];
export type TimedFault = (typeof timedFaults)[number];

/** A fault. `at` is the index of a request or event within the phase, or a time in ms; `amount`, in [0, 1), is its size or target. */
export type ScheduledFault = { readonly phase: number; readonly at: number; readonly amount: number } & (
  | { readonly on: "request"; readonly kind: RequestFault }
  | { readonly on: "event"; readonly kind: EventFault }
  | { readonly on: "time"; readonly kind: TimedFault }
);

/** The user's changes, in phases that each converge before the next, and the faults. */
export interface Schedule {
  readonly seed: number;
  readonly phases: readonly (readonly Change[])[];
  /** The first phase that is run, from the end state of the phases before it. Default: 0. */
  readonly from?: number;
  /**
   * The schedule begins this long after the last change of the phases before `from`, which have not converged yet. Default: it
   * begins after convergence.
   */
  readonly afterMs?: number;
  /**
   * The schedule begins at a checkpoint after the change of phase `from`: the one at this fraction, in [0, 1), of the phase's
   * checkpoints. Default: it begins before the change.
   */
  readonly resumeAt?: number;
  /** Operators that contend for the lease; one operator runs without any. */
  readonly operators: 1 | 2;
  readonly faults: readonly ScheduledFault[];
}
