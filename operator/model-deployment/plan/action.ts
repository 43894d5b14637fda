import type { Fault } from "../../../runtime/base/fault.ts";
import type { KubeObject } from "../../kube/kinds.ts";
import type { Resource } from "../../kube/resources.ts";
import type { RolloutState } from "../snapshot.ts";

/** An object as it was observed; a write that names it happens only when it still is that one. */
export interface ObservedObject {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

interface Reasoned {
  /** What it is done to, in words: `ReplicaSet digits-3f2a`. */
  readonly target: string;
  /** The sentence that log, event and story show. */
  readonly why: string;
}

/**
 * One thing to do. `shift`, `step`, `promote`, `rollBack` and `answer` change nothing but `Plan.rollout`: the status write at
 * the end of a reconcile carries them out, and only when every action before them succeeded.
 */
export type Action = Reasoned &
  (
    | { readonly kind: "create"; readonly resource: Resource; readonly object: KubeObject }
    | {
        readonly kind: "apply";
        readonly resource: Resource;
        readonly object: KubeObject;
        readonly observed: ObservedObject;
      }
    | { readonly kind: "scale"; readonly object: ObservedObject; readonly from: number; readonly to: number }
    | { readonly kind: "retire"; readonly object: ObservedObject; readonly at: string }
    | { readonly kind: "revive"; readonly object: ObservedObject }
    | { readonly kind: "delete"; readonly resource: Resource; readonly object: ObservedObject }
    | { readonly kind: "shift"; readonly split: string }
    | { readonly kind: "step" }
    | { readonly kind: "promote" }
    | { readonly kind: "rollBack"; readonly reason: string }
    | { readonly kind: "answer" }
  );

/** Why the plan goes no further for now. */
export interface Hold {
  /** Reason of the condition Progressing. */
  readonly reason: HoldReason;
  readonly why: string;
}

/** Reasons of Progressing while something is awaited. */
export type HoldReason =
  | "WaitingForCapacity"
  | "Downloading"
  | "Loading"
  | "Scaling"
  | "RolloutInProgress"
  | "StepPaused"
  | "Analyzing";

/** All that is to be done now, in order. */
export interface Plan {
  readonly actions: readonly Action[];
  /** What goes by a version that status must say first: done once `rollout` is written, and only then. */
  readonly afterStatus: readonly Action[];
  /** What status is to say about the rollout once the actions are done. */
  readonly rollout: RolloutState;
  /** The model's port on every gateway; absent while none is free. */
  readonly port?: number | undefined;
  /** What stands in the way, the worst first. */
  readonly faults: readonly Fault[];
  readonly hold?: Hold | undefined;
  /** When to look again though nothing changed. */
  readonly recheckAfterMs?: number | undefined;
}

/** Nothing is to be done, and time alone would not change that. */
export function isIdle({ actions, afterStatus, recheckAfterMs }: Plan): boolean {
  return actions.length + afterStatus.length === 0 && recheckAfterMs === undefined;
}
