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

/**
 * Gateways not seen as ready that last said that they send requests to a revision, or have an open stream and have said nothing:
 * they work by what they were told before. They end a wait for them by saying otherwise; the stream of one that
 * says nothing ends, half a minute after it was told.
 */
export function unreadySenders({ unreadyGateways = [] }: Snapshot, hash: string): readonly string[] {
  return unreadyGateways.filter(({ acknowledged }) => weightIn(acknowledged, hash) > 0).map(({ pod }) => pod);
}

/** Largest weight in percent that status or some ready gateway gives a revision; a gateway that says nothing may give it all. */
export function weightInForce({ gateways, rollout }: Snapshot, hash: string): number {
  const declared = shares(rollout).find(({ revision }) => revision === hash)?.weight ?? 0;
  return Math.max(declared, ...gateways.map(({ acknowledged }) => weightIn(acknowledged, hash)));
}

function weightIn(split: string | undefined, hash: string): number {
  if (split === undefined) return 100;
  const part = split.split(" ").find((one) => one.startsWith(`${hash}=`));
  return part === undefined ? 0 : Number(part.slice(hash.length + 1));
}

/** Every ready gateway, and there is one, works by the split that status declares. */
export function isAcknowledged(snapshot: Snapshot): boolean {
  return snapshot.gateways.length > 0 && laggingGateways(snapshot, snapshot.rollout).length === 0;
}
