import type { ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import type { Observation, ObservedRevision, RolloutState, Snapshot } from "../snapshot.ts";
import { canonicalSpec, type CanonicalSpec } from "./canonical-spec.ts";
import { hash } from "./hash.ts";

/** The newest hashes of a spec, as long as it lives: cached objects are never changed, and each is looked at many times. */
const known = new WeakMap<ModelDeploymentSpec, Hashes>();

interface Hashes {
  readonly restart: string | undefined;
  readonly name: string | undefined;
  readonly hash: string;
  /** Where it differs: of the spec as it is written. Earlier releases called the revision by it. */
  readonly literal: string | undefined;
}

/**
 * Hash of the parts of a spec that make a pod what it is, and of the value of the restart annotation. Replicas and suspend are
 * not among them; a default that is written out makes no other hash.
 *
 * @param name of the ModelDeployment, which `spec.model.name` may repeat
 */
export function revisionHash(spec: ModelDeploymentSpec, restart?: string, name?: string): string {
  return hashes(spec, restart, name).hash;
}

/** All hashes that a spec's revision goes by: that of this release first, then that of earlier ones. */
export function revisionHashes(spec: ModelDeploymentSpec, restart?: string, name?: string): readonly string[] {
  const { hash: canonical, literal } = hashes(spec, restart, name);
  return literal === undefined ? [canonical] : [canonical, literal];
}

/**
 * The revision that a ModelDeployment asks for. One that goes by an earlier release's hash keeps it, wherever it is
 * remembered: an upgrade of the operator restarts no pod and retries no failed revision.
 */
export function wantedRevision({
  identity,
  spec,
  status,
  commands,
  revisions,
}: Pick<Observation, "identity" | "spec" | "status" | "commands"> & {
  readonly revisions: readonly Pick<ObservedRevision, "hash">[];
}): string {
  const { hash: canonical, literal } = hashes(spec, commands?.restart, identity.name);
  if (literal === undefined) return canonical;
  const { stable, candidate, failedRevisions = [] } = status;
  const remembered = [stable, candidate, ...failedRevisions].map((one) => one?.revision);
  const found = [...remembered, ...revisions.map((one) => one.hash)].find(
    (one) => one === canonical || one === literal,
  );
  return found ?? canonical;
}

function hashes(spec: ModelDeploymentSpec, restart: string | undefined, name: string | undefined): Hashes {
  const found = known.get(spec);
  if (found !== undefined && found.restart === restart && found.name === name) return found;
  const brief = canonicalSpec(spec, name);
  const { model, resources, scheduling, serving, podOverlay } = spec;
  const written: CanonicalSpec = { model, resources, scheduling, serving, podOverlay };
  const made: Hashes = {
    restart,
    name,
    hash: partsHash(brief, restart),
    literal: isBrief(brief, written) ? undefined : partsHash(written, restart),
  };
  known.set(spec, made);
  return made;
}

function isBrief(brief: CanonicalSpec, written: CanonicalSpec): boolean {
  return (
    brief.model === written.model &&
    brief.resources === written.resources &&
    brief.scheduling === written.scheduling &&
    brief.serving === written.serving &&
    brief.podOverlay === written.podOverlay
  );
}

function partsHash(
  { model: whole, resources, scheduling, serving, podOverlay }: CanonicalSpec,
  restart: string | undefined,
): string {
  // What a rollout makes of a changed signature is nothing that a pod is made of.
  const { signatureCompatibility: _, ...model } = whole;
  return hash({ model, resources, scheduling, serving, podOverlay, restart });
}

/**
 * Number on the wire of a revision: what its ReplicaSet says, else what status promised it, else the one that is reserved for
 * it, else one more than any that may have been given, so that clients never see a number come back with another model
 * behind it.
 */
export function revisionVersion(snapshot: Snapshot, revision: string): string {
  const { stable, candidate } = snapshot.rollout;
  const existing = snapshot.revisions.find(({ hash: known }) => known === revision);
  if (existing !== undefined) return existing.version;
  const promised = [stable, candidate].find((share) => share?.revision === revision);
  if (promised !== undefined) return promised.version;
  return String(reservedVersion(snapshot) ?? 1 + highestVersion(snapshot, snapshot.rollout));
}

/**
 * The number that a new revision of this very spec, and no other, may be given before status says so: all who see the generation
 * after the one that status speaks of see the same spec. A restart makes another revision of the same generation.
 */
export function reservedVersion(snapshot: Snapshot): number | undefined {
  const { identity, status, commands, revisions, rollout } = snapshot;
  const { generation, observedGeneration = 0 } = identity;
  if (commands?.restart !== undefined) return undefined;
  // The first spec's is 1, also when it is made anew and status, which told of a failure, does not name it.
  if (generation === 1)
    return (status.highestVersion ?? 1) === 1 && highestGiven(snapshot, rollout) === 0 ? 1 : undefined;
  const { nextVersion } = status;
  if (nextVersion === undefined || generation !== observedGeneration + 1) return undefined;
  return revisions.every(({ version }) => Number(version) < nextVersion) ? nextVersion : undefined;
}

/**
 * The highest number that may have been given: 0 before the first. The first spec has 1 without a word in
 * status: who did not see it cannot know whether it was made.
 */
export function highestVersion(snapshot: Snapshot, shares: RolloutState): number {
  const { identity, status } = snapshot;
  const { highestVersion: known = identity.generation > 1 ? 1 : 0, nextVersion = 0 } = status;
  return Math.max(known, isReservationSpent(snapshot) ? nextVersion : 0, highestGiven(snapshot, shares));
}

function highestGiven({ revisions }: Snapshot, { stable, candidate }: RolloutState): number {
  return Math.max(0, ...[stable, candidate, ...revisions].map((one) => Number(one?.version ?? 0)));
}

/** Another operator, or a request that nobody answered, may have made a revision of the reserved number. */
function isReservationSpent({ identity, rollout, wanted, commands }: Snapshot): boolean {
  const { generation, observedGeneration = 0 } = identity;
  if (generation === observedGeneration) return false;
  // What status names already was made anew by nobody.
  const isNamed = [rollout.stable, rollout.candidate].some((share) => share?.revision === wanted.hash);
  return generation !== observedGeneration + 1 || commands?.restart !== undefined || !isNamed;
}
