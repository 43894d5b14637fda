import type { Fault } from "../../../../runtime/base/fault.ts";
import { readyPods, revisionOf, type Snapshot } from "../../snapshot.ts";
import { diagnosis, isLackOfRoom } from "../diagnosis.ts";
import { deadlineMs } from "./steps/strategy.ts";

/** A stable revision without a ready pod: a restart takes seconds, what is broken stays so. */
export interface Absence {
  /** What keeps its pods from serving; undefined: nothing, they only start. */
  readonly fault: Fault | undefined;
  /** Time until it is not waited for any more: a candidate that nobody has seen to the end of its steps may then be promoted. */
  readonly remainingMs: number;
}

/** Undefined: it has a ready pod, or what its pods wait for may be the room of the candidate's. */
export function absence(snapshot: Snapshot): Absence | undefined {
  const { rollout, spec, stableAbsentMs = 0, now } = snapshot;
  const stable = revisionOf(snapshot, rollout.stable?.revision);
  if (stable === undefined || readyPods(stable).length > 0) return undefined;
  const fault = diagnosis(stable, now);
  if (fault !== undefined && isLackOfRoom(fault)) return undefined;
  return { fault, remainingMs: deadlineMs(spec) - stableAbsentMs };
}

/** What no waiting cures: a candidate with a ready pod stands in for the stable revision, whatever its steps say. */
export function lastingFault(gone: Absence | undefined): Fault | undefined {
  return gone?.fault?.retry === "never" ? gone.fault : undefined;
}
