import type { Fault } from "../../../../runtime/base/fault.ts";
import { readyPods, revisionOf, type Snapshot } from "../../snapshot.ts";
import { diagnosis, isLackOfRoom } from "../diagnosis.ts";
import { deadlineMs } from "./steps/strategy.ts";

/** A stable revision without a ready pod: a restart takes seconds, a broken one does not recover. */
export interface StableOutage {
  /** What keeps its pods from serving; undefined when they are only starting. */
  readonly fault: Fault | undefined;
  /** Time until the rollout stops waiting for it; after that a candidate may be promoted before the end of its steps. */
  readonly remainingMs: number;
}

/** Undefined when the stable revision has a ready pod, or when its pods may be waiting for room that the candidate takes. */
export function stableOutage(snapshot: Snapshot): StableOutage | undefined {
  const { rollout, spec, stableOutageMs = 0, now } = snapshot;
  const stable = revisionOf(snapshot, rollout.stable?.revision);
  if (stable === undefined || readyPods(stable).length > 0) return undefined;
  const fault = diagnosis(stable, now);
  if (fault !== undefined && isLackOfRoom(fault)) return undefined;
  return { fault, remainingMs: deadlineMs(spec) - stableOutageMs };
}

/** The outage's fault if waiting cannot cure it: a candidate with a ready pod then gets all requests, whatever its steps say. */
export function permanentFault(outage: StableOutage | undefined): Fault | undefined {
  return outage?.fault?.retry === "never" ? outage.fault : undefined;
}
