import type { ModelDeploymentStatus } from "../../../crds/v1alpha1/model-deployment.ts";
import { splitText } from "../../../runtime/contract/route-table.ts";
import type { RolloutState, Share, Snapshot } from "../snapshot.ts";

/** The revisions that a route names, stable first. */
export function shares({ stable, candidate }: RolloutState): readonly Share[] {
  return [stable, candidate].filter((share) => share !== undefined);
}

/** The split in the words in which gateways acknowledge it. */
export function split(rollout: RolloutState): string {
  return splitText(shares(rollout).map(({ revision, weight }) => ({ hash: revision, weight })));
}

/** The route's revisions as status has them. Planner and route table both read status by this function. */
export function statusShares({ stable, candidate }: ModelDeploymentStatus): readonly Share[] {
  return [stable, candidate]
    .filter((share) => share !== undefined)
    .map(({ revision, version = "1", weight = 0 }) => ({ revision, version, weight }));
}

/** Ready gateways that have not acknowledged a rollout's split. */
export function laggingGateways(snapshot: Snapshot, rollout: RolloutState): readonly string[] {
  const expected = split(rollout);
  return snapshot.gateways.filter(({ acknowledged }) => acknowledged !== expected).map(({ pod }) => pod);
}
