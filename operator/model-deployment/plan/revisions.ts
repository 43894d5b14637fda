import type { ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import type { RolloutState, Snapshot } from "../snapshot.ts";
import { hash } from "./hash.ts";

/** By spec, as long as it lives: cached objects are never changed, and each is looked at many times. */
const known = new WeakMap<ModelDeploymentSpec, { readonly restart: string | undefined; readonly hash: string }>();

/**
 * Hash of the parts of a spec that make a pod what it is, and of the value of the restart annotation. Replicas and suspend are
 * not among them.
 */
export function revisionHash(spec: ModelDeploymentSpec, restart?: string): string {
  const found = known.get(spec);
  if (found !== undefined && found.restart === restart) return found.hash;
  const { resources, scheduling, serving } = spec;
  // What a rollout makes of a changed signature is nothing that a pod is made of.
  const { signatureCompatibility: _, ...model } = spec.model;
  const made = hash({ model, resources, scheduling, serving, restart });
  known.set(spec, { restart, hash: made });
  return made;
}

/**
 * Number on the wire of a revision: what its ReplicaSet says, else what status promised it, else one more than any that
 * was ever given, so that clients never see a number come back with another model behind it.
 */
export function revisionVersion(snapshot: Snapshot, revision: string): string {
  const { stable, candidate } = snapshot.rollout;
  const existing = snapshot.revisions.find(({ hash: known }) => known === revision);
  if (existing !== undefined) return existing.version;
  const promised = [stable, candidate].find((share) => share?.revision === revision);
  if (promised !== undefined) return promised.version;
  return String(1 + highestVersion(snapshot, snapshot.rollout));
}

/**
 * The highest number that was ever given, as far as is known: 0 before the first. The first spec has 1 without a word in
 * status: who did not see it cannot know whether it was made.
 */
export function highestVersion({ identity, revisions, status }: Snapshot, { stable, candidate }: RolloutState): number {
  const given = [stable, candidate, ...revisions].map((one) => Number(one?.version ?? 0));
  const { highestVersion: known = identity.generation > 1 ? 1 : 0 } = status;
  return Math.max(known, ...given);
}
