import type { RolloutSpec } from "../../../crds/v1alpha1/rollout/rollout.ts";

/** Commands to a rollout; each annotation has a new value each time. */
export type CommandName = "promote" | "promoteFull" | "abort" | "retry";

/** What a user does. `gapMs` passes before it. */
export interface Change {
  readonly gapMs: number;
  readonly name: string;
  readonly act:
    | { readonly kind: "create"; readonly model: string; readonly replicas: number; readonly rollout?: RolloutSpec }
    | { readonly kind: "model"; readonly model: string }
    | { readonly kind: "replicas"; readonly replicas: number }
    | { readonly kind: "suspend"; readonly suspend: boolean }
    | { readonly kind: "annotate" }
    | { readonly kind: "command"; readonly command: CommandName; readonly value: string }
    | { readonly kind: "pause"; readonly isPaused: boolean }
    /** In place of the one before. */
    | { readonly kind: "rollout"; readonly rollout: RolloutSpec }
    /** Most pods in the namespace; absent: any number. */
    | { readonly kind: "quota"; readonly pods?: number | undefined }
    /** Every pod of the candidate is deleted. */
    | { readonly kind: "lose-candidate" }
    /** Waits until every command that was given has its answer in status. */
    | { readonly kind: "look" }
    | { readonly kind: "delete" }
    | { readonly kind: "foreign-service"; readonly isThere: boolean };
}

/** What may befall one request of an operator; see `README.md` for what F1 to F14 are. */
export const requestTroubles = [
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

/** What may befall one event of a watch. */
export const eventTroubles = [
  "drop", // F1
  "duplicate", // F2
  "delay", // F3
  "cut", // F4
  "close", // F4
  "expire", // F5
  "only-bookmarks", // F6
] as const;

/** What may happen at a time. */
export const momentTroubles = [
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

export type RequestTrouble = (typeof requestTroubles)[number];
export type EventTrouble = (typeof eventTroubles)[number];
export type MomentTrouble = (typeof momentTroubles)[number];

/** One fault. `at` counts requests or events within the phase, or is a time in ms; `amount`, from 0 to below 1, is how much or which. */
export type ScheduledFault = { readonly phase: number; readonly at: number; readonly amount: number } & (
  | { readonly on: "request"; readonly trouble: RequestTrouble }
  | { readonly on: "event"; readonly trouble: EventTrouble }
  | { readonly on: "moment"; readonly trouble: MomentTrouble }
);

/** A walk of changes, in phases that each come to rest before the next, and what goes wrong meanwhile. */
export interface Schedule {
  readonly seed: number;
  readonly phases: readonly (readonly Change[])[];
  /** The first phase that is played: the schedule begins in the state that those before it come to. Default 0. */
  readonly from?: number;
  /**
   * What was changed before `from` has not come to rest: the schedule begins so long after the last of it, in the middle of what
   * follows. Default: it begins at rest.
   */
  readonly afterMs?: number;
  /**
   * The change of phase `from` is made: the schedule begins at this part, from 0 to below 1, of the times at which something was written
   * after it. Default: it is not.
   */
  readonly underWay?: number;
  /** Operators that contend for the lease; one operator runs without any. */
  readonly operators: 1 | 2;
  readonly faults: readonly ScheduledFault[];
}
