import type { Condition, ModelDeploymentStatus, RevisionStatus } from "../../crds/v1alpha1/model-deployment.ts";
import { ports } from "../../runtime/contract/ports.ts";
import { conditions, type Standing } from "./conditions/conditions.ts";
import { isEqual } from "./plan/equality.ts";
import { highestVersion } from "./plan/revisions.ts";
import { rolloutStatus } from "./plan/rollout/memory/state.ts";
import { isStrategyDeclared, strategy } from "./plan/rollout/steps/strategy.ts";
import { deploymentSelectorText } from "./resources/labels.ts";
import { modelUrl, serviceName } from "./resources/names.ts";
import {
  livePods,
  modelName,
  type ObservedRevision,
  readyPods,
  revisionOf,
  type RolloutState,
  type Share,
  type Snapshot,
} from "./snapshot.ts";

/** The whole status that follows from what was observed, planned and done. */
export function status(standing: Standing): ModelDeploymentStatus {
  const { snapshot, plan, failure } = standing;
  const { identity, status: previous } = snapshot;
  const rollout = failure === undefined ? plan.rollout : undone(snapshot.rollout, plan.rollout);
  const { stable, candidate } = rollout;
  const port = plan.port ?? previous.gateway?.port;
  const model = modelStatus(snapshot, stable ?? candidate);
  return {
    observedGeneration: identity.generation,
    conditions: [
      ...conditions({ ...standing, plan: { ...plan, rollout } }, previous.conditions ?? []),
    ] satisfies Condition[],
    ...(stable === undefined ? {} : { stable: revisionStatus(snapshot, stable) }),
    ...(candidate === undefined ? {} : { candidate: revisionStatus(snapshot, candidate) }),
    replicas: snapshot.revisions.flatMap(livePods).filter(({ terminating }) => !terminating).length,
    selector: deploymentSelectorText(identity.name),
    url: url(snapshot, rollout),
    ...(port === undefined ? {} : { gateway: { port } }),
    ...versions(snapshot, rollout),
    ...(model === undefined ? {} : { model }),
    ...autoscalingStatus(snapshot),
    ...rolloutStatus(rollout, strategy(snapshot.spec), isStrategyDeclared(snapshot.spec)),
  };
}

/**
 * A plan that was not carried out to its end must not move traffic: the state of before is planned from again. Where nothing had
 * any the revision is named all the same, without requests: its ReplicaSet needs a number that status says, and what is in the way may stay there.
 */
function undone(before: RolloutState, { stable, candidate }: RolloutState): RolloutState {
  const isFirst = before.stable === undefined && stable === undefined && (before.candidate?.weight ?? 0) === 0;
  return isFirst && candidate !== undefined ? { ...before, candidate: { ...candidate, weight: 0 } } : before;
}

/** While a restart is asked for the next spec may have two revisions: no number is reserved. */
function versions(
  snapshot: Snapshot,
  rollout: RolloutState,
): Pick<ModelDeploymentStatus, "highestVersion" | "nextVersion"> {
  const highest = highestVersion(snapshot, rollout);
  if (highest === 0) return {};
  return { highestVersion: highest, ...(snapshot.commands?.restart === undefined && { nextVersion: highest + 1 }) };
}

/** Who does not lead decides nothing: what was last said stays. */
function autoscalingStatus({ spec, status, scaling }: Snapshot): Pick<ModelDeploymentStatus, "autoscaling"> {
  if (spec.autoscaling === undefined) return {};
  if (scaling === undefined) return status.autoscaling === undefined ? {} : { autoscaling: status.autoscaling };
  const { desired, why, figures } = scaling;
  return { autoscaling: { desired, why, ...figures } };
}

/** True when writing `next` over `previous` would change nothing. */
export function isSameStatus(previous: ModelDeploymentStatus, next: ModelDeploymentStatus): boolean {
  return isEqual(previous, next);
}

function revisionStatus(snapshot: Snapshot, { revision: hash, version, weight }: Share): RevisionStatus {
  const revision = revisionOf(snapshot, hash);
  const digest = factsOf(revision)?.digest ?? previousDigest(snapshot, hash);
  return {
    revision: hash,
    version,
    ...(digest === undefined ? {} : { digest }),
    replicas: livePods(revision).filter(({ terminating }) => !terminating).length,
    ready: readyPods(revision).length,
    weight,
  };
}

/** What is known of a revision stays known though its pods are gone or were not asked since the operator's start. */
function previousDigest({ status: { stable, candidate } }: Snapshot, hash: string): string | undefined {
  return [stable, candidate].find((known) => known?.revision === hash)?.digest;
}

function modelStatus(snapshot: Snapshot, share: Share | undefined): ModelDeploymentStatus["model"] | undefined {
  const { status: previous } = snapshot;
  const facts = factsOf(revisionOf(snapshot, share?.revision));
  if (facts === undefined) {
    const known = previous.stable ?? previous.candidate;
    return known?.revision === share?.revision ? previous.model : undefined;
  }
  const { signature, format, bytes, engine, note, digest } = facts;
  const told = { signature: signature.slice(0, 1024), format, bytes, engine, digest };
  return note === undefined ? told : { ...told, engineNote: note };
}

function factsOf(revision: ObservedRevision | undefined): ObservedRevision["pods"][number]["facts"] {
  return revision?.pods.find(({ facts }) => facts !== undefined)?.facts;
}

/** By the name that clients reach what serves by: that of a new spec once it does. */
function url(snapshot: Snapshot, { stable, candidate }: RolloutState): string {
  const { identity, settings, wanted } = snapshot;
  const base = settings.frontUrl ?? `http://${serviceName(identity.name)}.${identity.namespace}.svc:${ports.rest}`;
  const serving = (candidate?.weight ?? 0) > (stable?.weight ?? 0) ? candidate : (stable ?? candidate);
  return modelUrl(base, modelName(snapshot, serving?.revision ?? wanted.hash));
}
