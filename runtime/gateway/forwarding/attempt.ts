import { countCompletion, type Ending } from "../figures/counts.ts";
import type { Target } from "../routing/target.ts";

/** One attempt of a request at a pod, from the choice of the pod to the last response byte. */
export interface Attempt {
  readonly target: Target;
  readonly isFirst: boolean;
  /** The duration measures the pod. */
  readonly isTimed: boolean;
  readonly sinceMs: number;
}

/** Marks the request as in flight at the pod and returns the attempt's record. */
export function beginAttempt(target: Target, nowMs: number, isTimed: boolean): Attempt {
  const { pod, revision } = target;
  const isFirst = !pod.hadRequests;
  pod.hadRequests = true;
  pod.outstanding += 1;
  revision.counts.inFlight += 1;
  return { target, isFirst, isTimed, sinceMs: nowMs };
}

/** How a counted attempt ended. Attempts that the client aborted, or that are retried on another pod, are not counted. */
export interface AttemptEnd {
  readonly ending: Ending;
  readonly status: number;
}

/** Ends the attempt and counts it if `end` is given. */
export function endAttempt(attempt: Attempt, nowMs: number, end: AttemptEnd | undefined): void {
  const { isTimed, isFirst, sinceMs } = attempt;
  const { pod, revision } = attempt.target;
  pod.outstanding -= 1;
  revision.counts.inFlight -= 1;
  if (end === undefined) return;
  const serviceMs = isTimed ? nowMs - sinceMs : 0;
  countCompletion(revision.counts, { ...end, serviceMs, isFirst: isFirst || !isTimed });
}
