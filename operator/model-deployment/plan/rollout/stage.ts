import { livePods, revisionOf, type Snapshot } from "../../snapshot.ts";
import { isNewCommand } from "./commands.ts";
import { strategy } from "./steps/strategy.ts";

/**
 * The stage of a rollout. `ScaledToZero`: no pods are wanted. `Initial`: no stable revision serves that the rollout would have
 * to protect. `Stable`: the stable revision is the wanted one. `Replacing`: a candidate is to take over from a stable
 * revision. `RolledBack`: the wanted revision has failed and the stable one keeps serving.
 */
export type Stage = "ScaledToZero" | "Initial" | "Stable" | "Replacing" | "RolledBack";

/** The stage that a snapshot shows. */
export function stage(snapshot: Snapshot): Stage {
  const { wanted, rollout } = snapshot;
  if (wanted.replicas === 0) return "ScaledToZero";
  if (rollout.stable?.revision === wanted.hash) return "Stable";
  if (revisionOf(snapshot, rollout.stable?.revision) === undefined) return "Initial";
  if (hasFailed(snapshot) && retryState(snapshot) !== "Due") return "RolledBack";
  // With steps declared the proven revision comes back first, even from zero pods.
  const isStepwise = strategy(snapshot.spec).steps.length > 0;
  return isStepwise || isInUse(snapshot) ? "Replacing" : "Initial";
}

/** A stable revision is kept while it or a candidate that may fall back to it has requests, even if its ReplicaSet was scaled by hand. */
function isInUse(snapshot: Snapshot): boolean {
  const { stable, candidate } = snapshot.rollout;
  const weights = [stable, candidate].map((share) => share?.weight ?? 0);
  return Math.max(...weights) > 0 || (revisionOf(snapshot, stable?.revision)?.replicaSet.replicas ?? 0) > 0;
}

/** Whether the wanted revision is among the failed ones. */
export function hasFailed({ wanted, rollout: { failed = [] } }: Snapshot): boolean {
  return failed.some(({ revision }) => revision === wanted.hash);
}

/** State of the retry command. It waits until the pods of the failed attempt are gone, so that they are not taken for new ones. */
export function retryState(snapshot: Snapshot): "None" | "Waits" | "Due" {
  if (!hasFailed(snapshot) || !isNewCommand(snapshot, "retry")) return "None";
  return livePods(revisionOf(snapshot, snapshot.wanted.hash)).length > 0 ? "Waits" : "Due";
}
