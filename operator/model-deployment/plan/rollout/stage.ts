import { livePods, revisionOf, type Snapshot } from "../../snapshot.ts";
import { isNew } from "./commands.ts";
import { strategy } from "./steps/strategy.ts";

/**
 * Where a rollout stands. `Idle`: no pods are wanted. `First`: nothing serves that would have to be spared. `Settled`:
 * the stable revision is the wanted one. `Replacing`: a candidate is to take over from a stable revision. `Refused`: the
 * wanted revision has failed before and the stable one serves on.
 */
export type Stage = "Idle" | "First" | "Settled" | "Replacing" | "Refused";

/** Names the stage. */
export function stage(snapshot: Snapshot): Stage {
  const { wanted, rollout } = snapshot;
  if (wanted.replicas === 0) return "Idle";
  if (rollout.stable?.revision === wanted.hash) return "Settled";
  if (revisionOf(snapshot, rollout.stable?.revision) === undefined) return "First";
  if (hasFailed(snapshot) && retryState(snapshot) !== "Due") return "Refused";
  // Where a revision is to be looked at step by step, the one that is known comes back first, from no pods too.
  const isStepwise = strategy(snapshot.spec).steps.length > 0;
  return isStepwise || isInUse(snapshot) ? "Replacing" : "First";
}

/** Requests keep a stable revision, whatever somebody made of its ReplicaSet; so does a candidate that may have to go back to it. */
function isInUse(snapshot: Snapshot): boolean {
  const { stable, candidate } = snapshot.rollout;
  const weights = [stable, candidate].map((share) => share?.weight ?? 0);
  return Math.max(...weights) > 0 || (revisionOf(snapshot, stable?.revision)?.replicaSet.replicas ?? 0) > 0;
}

/** The wanted revision is not to be tried again. */
export function hasFailed({ wanted, rollout: { failed = [] } }: Snapshot): boolean {
  return failed.some(({ revision }) => revision === wanted.hash);
}

/** The command retry was given; it waits for the pods of the last try to be gone, so that nothing of it is taken for the next. */
export function retryState(snapshot: Snapshot): "None" | "Waits" | "Due" {
  if (!hasFailed(snapshot) || !isNew(snapshot, "retry")) return "None";
  return livePods(revisionOf(snapshot, snapshot.wanted.hash)).length > 0 ? "Waits" : "Due";
}
