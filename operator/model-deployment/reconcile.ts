import type { Fault } from "../../runtime/base/fault.ts";
import type { Log } from "../../runtime/base/log.ts";
import type { Client } from "../kube/client.ts";
import { type CarriedOut, carryOut, type Trust } from "./apply.ts";
import { applyFailed, events } from "./events.ts";
import { observe } from "./observe.ts";
import { isIdle, type Plan } from "./plan/action.ts";
import { plan } from "./plan/plan.ts";
import type { Recorder } from "./recorder.ts";
import type { Snapshot } from "./snapshot.ts";
import type { NamedKey, Sources } from "./sources.ts";

export interface ReconcileOptions {
  readonly sources: Sources;
  readonly client: Client;
  readonly recorder: Recorder;
  readonly log: Log;
  /** How much is thought of the view of the ModelDeployment. */
  readonly trust?: Trust;
  /** Told what is planned before any of it is done. */
  readonly onPlanned?: (snapshot: Snapshot, planned: Plan) => void;
}

/** What a reconcile wrote, also before a failure: the next pass must not plan without that; and when it wants to look again. */
export interface Reconciled extends Pick<CarriedOut, "writes" | "said"> {
  /** Why it did not come to its end, if trying again may help. */
  readonly failure?: Fault | undefined;
  readonly recheckAfterMs?: number | undefined;
  /** All was as it should be, and will be until something changes that lies in the caches. */
  readonly isAtRest?: boolean;
}

/** For what cannot be cured by trying: nothing tells when a human has cured it. */
const hopelessRecheckMs = 30_000;
/** One pass: observe → plan → carry out. A crash anywhere in it is harmless: the next pass plans from what it sees. */
export async function reconcile(key: NamedKey, options: ReconcileOptions): Promise<Reconciled> {
  const { sources, client, recorder, log, trust, onPlanned } = options;
  const snapshot = observe(key, sources);
  if (snapshot === undefined) return { writes: [] };
  const planned = plan(snapshot);
  onPlanned?.(snapshot, planned);
  log.debug("planned", { ...key, snapshot, hold: planned.hold?.why });
  const { done, writes, said, failure } = await carryOut(planned, snapshot, client, trust);
  for (const { kind, target, why } of done) log.info("action done", { ...key, kind, target, why });
  if (said === undefined) return failure === undefined ? { writes } : { writes, failure, ...nextTry(failure) };
  for (const event of events(done, snapshot.status, said)) recorder.publish(snapshot.identity, event);
  const isAtRest = writes.length === 0 && isIdle(planned) && !isJudged(snapshot);
  if (failure === undefined) return { writes, said, recheckAfterMs: planned.recheckAfterMs, isAtRest };
  if (failure.level !== "info") recorder.publish(snapshot.identity, applyFailed(failure));
  return { writes, said, ...nextTry(failure) };
}

/** How a revision that is not the stable one does with requests counts, which no cache tells. */
function isJudged({ rollout: { stable }, wanted }: Snapshot): boolean {
  return stable !== undefined && stable.revision !== wanted.hash;
}

function nextTry(failure: Fault): Pick<Reconciled, "failure" | "recheckAfterMs"> {
  return failure.retry === "never" ? { recheckAfterMs: hopelessRecheckMs } : { failure };
}
