import { countService, type Ending } from "../figures/counts.ts";
import type { Target } from "../routing/choice.ts";

/** A request at a pod, from its choice to the last byte of the answer. */
export interface Stay {
  readonly target: Target;
  readonly isFirst: boolean;
  readonly sinceMs: number;
}

/** The pod has it from now on. */
export function beginStay(target: Target, nowMs: number): Stay {
  const { pod, revision } = target;
  const isFirst = !pod.wasAsked;
  pod.wasAsked = true;
  pod.outstanding += 1;
  revision.counts.inFlight += 1;
  return { target, isFirst, sinceMs: nowMs };
}

/** How a stay ended that counts: none does that its client ended, or that is gone on with elsewhere. */
export interface StayEnd {
  readonly ending: Ending;
  readonly status: number;
}

/** The pod has it no more. */
export function endStay({ target, isFirst, sinceMs }: Stay, nowMs: number, end: StayEnd | undefined): void {
  const { pod, revision } = target;
  pod.outstanding -= 1;
  revision.counts.inFlight -= 1;
  if (end !== undefined) countService(revision.counts, { ...end, serviceMs: nowMs - sinceMs, isFirst });
}
