import type { ModelDeploymentSpec, ModelDeploymentStatus } from "../../../crds/v1alpha1/model-deployment.ts";
import { type RollingLimits, rollingLimits } from "../../../operator/model-deployment/plan/capacity/rolling-limits.ts";
import { statusShares } from "../../../operator/model-deployment/plan/traffic.ts";
import type { DesiredState } from "./ground-truth.ts";

/** Whether only one revision at a time has pods. Requests are held during the switch. */
export function isOneAtATime(status: ModelDeploymentStatus | undefined): boolean {
  return status?.capacity?.mode === "Recreate" || status?.capacity?.mode === "InPlace";
}

/** Fewest ready pods for a weight in percent, under the most permissive recent spec. */
export function minPods(
  { specs, hashes }: DesiredState,
  status: ModelDeploymentStatus | undefined,
  weight: number,
): number {
  if (isOneAtATime(status)) return 0;
  const revisions = new Set([...hashes, ...statusShares(status ?? {}).map(({ revision }) => revision)]);
  const isReplacing = status?.capacity !== undefined || revisions.size > 1;
  const spare = isReplacing && status?.capacity?.mode === "Swap" ? 1 : 0;
  const least = specs.map((spec) => {
    const missing = isReplacing ? Math.max(spare, allowed(spec).unavailable) : 0;
    return Math.max(1, replicasOf(spec) - missing);
  });
  return Math.max(1, Math.floor((Math.min(...least) * weight) / 100));
}

/** Most pods of all revisions, under the most permissive recent spec. */
export function maxPods({ specs }: DesiredState, status: ModelDeploymentStatus): number {
  // The ReplicaSet that adopts a pod wants it before the other one lets it go.
  const adopted = status.capacity?.mode === "InPlace" ? 1 : 0;
  return Math.max(...specs.map((spec) => replicasOf(spec) + Math.max(adopted, allowed(spec).surge)));
}

function allowed(spec: ModelDeploymentSpec): RollingLimits {
  const { rollout = {} } = spec;
  const replicas = replicasOf(spec);
  if (rollout.blueGreen !== undefined) return { surge: replicas, unavailable: 0 };
  if (rollout.recreate !== undefined) return { surge: 0, unavailable: replicas };
  const { maxSurge = "100%", maxUnavailable = 0 } = rollout.canary ?? {};
  return rollingLimits(replicas, maxSurge, maxUnavailable);
}

function replicasOf({ suspend, replicas = 1 }: ModelDeploymentSpec): number {
  return suspend === true ? 0 : replicas;
}
