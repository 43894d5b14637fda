import { countService, type Ending } from "../figures/counts.ts";
import type { Target } from "../routing/choice.ts";

/** A request at a pod, from its choice to the last byte of the answer. */
export interface Stay {
  readonly target: Target;
  readonly isFirst: boolean;
  /** How long it takes says something of the pod. */
  readonly isTimed: boolean;
  readonly sinceMs: number;
}

/** The pod has it from now on. */
export function beginStay(target: Target, nowMs: number, isTimed: boolean): Stay {
  const { pod, revision } = target;
  const isFirst = !pod.wasAsked;
  pod.wasAsked = true;
  pod.outstanding += 1;
  revision.counts.inFlight += 1;
  return { target, isFirst, isTimed, sinceMs: nowMs };
}

/** How a stay ended that counts: none does that its client ended, or that is gone on with elsewhere. */
export interface StayEnd {
  readonly ending: Ending;
  readonly status: number;
}

/** The pod has it no more. */
export function endStay(stay: Stay, nowMs: number, end: StayEnd | undefined): void {
  const { isTimed, isFirst, sinceMs } = stay;
  const { pod, revision } = stay.target;
  pod.outstanding -= 1;
  revision.counts.inFlight -= 1;
  if (end === undefined) return;
  const serviceMs = isTimed ? nowMs - sinceMs : 0;
  countService(revision.counts, { ...end, serviceMs, isFirst: isFirst || !isTimed });
}
