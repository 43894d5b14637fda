import { resources } from "../../kube/resources.ts";
import { replicaSetName } from "../resources/names.ts";
import { replicaSet } from "../resources/replica-set.ts";
import {
  livePods,
  type ObservedRevision,
  type RolloutState,
  readyPods,
  revisionOf,
  type Share,
  type Snapshot,
} from "../snapshot.ts";
import type { Action } from "./action.ts";
import { diagnosis } from "./diagnosis.ts";
import { laggingGateways, shares } from "./traffic.ts";

/** What is to be done about ReplicaSets, and how long until more can be done. */
export interface ReplicaPlan {
  readonly actions: readonly Action[];
  /** Revisions on their way out, with the sentence what they wait for. */
  readonly draining: readonly string[];
  readonly recheckAfterMs?: number;
}

/** Brings up what the next state names and takes down what neither it nor the present one does. */
export function replicaPlan(snapshot: Snapshot, next: RolloutState): ReplicaPlan {
  const wanted = shares(next);
  const kept = new Set(wanted.map(({ revision }) => revision));
  const retiring = snapshot.revisions
    .filter(({ hash }) => !kept.has(hash))
    .map((revision) => retirement(snapshot, revision));
  const rechecks = retiring.map(({ recheckAfterMs }) => recheckAfterMs).filter((ms) => ms !== undefined);
  return {
    actions: [...wanted.flatMap((share) => broughtUp(snapshot, share)), ...retiring.flatMap(({ actions }) => actions)],
    draining: retiring.flatMap(({ draining }) => draining),
    ...(rechecks.length === 0 ? {} : { recheckAfterMs: Math.min(...rechecks) }),
  };
}

function broughtUp(snapshot: Snapshot, share: Share): readonly Action[] {
  const { identity, spec, settings, wanted } = snapshot;
  const revision = revisionOf(snapshot, share.revision);
  const target = `ReplicaSet ${replicaSetName(identity.name, share.revision)}`;
  if (revision === undefined) {
    // Only the wanted revision can be made anew: of any other the spec is no longer known.
    if (share.revision !== wanted.hash || isForeign(snapshot, share.revision)) return [];
    const template = { deployment: identity.name, hash: share.revision, version: share.version, spec, settings };
    return [
      {
        kind: "create",
        resource: resources.replicaSets,
        target,
        object: replicaSet(identity, template, wanted.replicas),
        why: `revision ${share.revision} (version ${share.version}) has no ReplicaSet yet`,
      },
    ];
  }
  const object = revision.replicaSet;
  if (isStuckOnImage(snapshot, revision)) {
    const why = `image ${object.image} cannot be pulled, and the operator has another: ${settings.runtimeImage}`;
    return [{ kind: "delete", resource: resources.replicaSets, target, object, why }];
  }
  const revived: readonly Action[] =
    revision.retiredAtMs === undefined
      ? []
      : [{ kind: "revive", target, object, why: `revision ${share.revision} is wanted again` }];
  return [...revived, ...scaled(revision, wanted.replicas, scaleReason(snapshot))];
}

/** A template never changes, so it would wait for an image that the installation has corrected since. */
function isStuckOnImage({ settings, wanted, now }: Snapshot, revision: ObservedRevision): boolean {
  const { image } = revision.replicaSet;
  const isCorrected = image !== undefined && image !== settings.runtimeImage && revision.hash === wanted.hash;
  if (!isCorrected || readyPods(revision).length > 0) return false;
  return diagnosis(revision, now)?.code === "ImagePullFailed";
}

interface Retirement {
  readonly actions: readonly Action[];
  readonly draining: readonly string[];
  readonly recheckAfterMs?: number;
}

/** Down in order: weight, acknowledged by all gateways, drain delay, replicas, ReplicaSet. */
function retirement(snapshot: Snapshot, revision: ObservedRevision): Retirement {
  const { replicaSet: object, hash } = revision;
  // Not before status has said so: a crash between the two would leave traffic without pods.
  if (shares(snapshot.rollout).some((share) => share.revision === hash)) {
    return { actions: [], draining: [`revision ${hash} drains`] };
  }
  const target = `ReplicaSet ${object.name}`;
  if (object.replicas === 0 && object.pods === 0 && livePods(revision).length === 0) {
    const why = `revision ${hash} is neither stable nor candidate and has no pods left`;
    return { actions: [{ kind: "delete", resource: resources.replicaSets, target, object, why }], draining: [] };
  }
  if (object.replicas === 0) return { actions: [], draining: [`the pods of revision ${hash} finish their requests`] };
  if (readyPods(revision).length === 0) {
    const why = `revision ${hash} is no longer wanted and has no ready pod`;
    return { actions: scaled(revision, 0, why), draining: [`the pods of revision ${hash} stop`] };
  }
  const lagging = laggingGateways(snapshot, snapshot.rollout);
  if (lagging.length > 0) {
    return { actions: [], draining: [`${lagging.join(", ")} may still send requests to revision ${hash}`] };
  }
  // A time yet to come is that of a clock that was wrong: waiting for it could take for ever.
  if (revision.retiredAtMs === undefined || revision.retiredAtMs > snapshot.now) {
    const why = `no gateway sends requests to revision ${hash} any more`;
    return {
      actions: [{ kind: "retire", target, object, at: snapshot.timestamp, why }],
      draining: [`revision ${hash} drains`],
      recheckAfterMs: snapshot.settings.drainDelayMs,
    };
  }
  const remainingMs = revision.retiredAtMs + snapshot.settings.drainDelayMs - snapshot.now;
  if (remainingMs > 0) return { actions: [], draining: [`revision ${hash} drains`], recheckAfterMs: remainingMs };
  const why = `revision ${hash} has drained`;
  return { actions: scaled(revision, 0, why), draining: [`the pods of revision ${hash} finish their requests`] };
}

function scaled({ replicaSet: object }: ObservedRevision, to: number, why: string): readonly Action[] {
  if (object.replicas === to) return [];
  return [{ kind: "scale", target: `ReplicaSet ${object.name}`, object, from: object.replicas, to, why }];
}

function scaleReason({ spec, wanted }: Snapshot): string {
  return spec.suspend === true ? "spec.suspend is true" : `spec.replicas is ${wanted.replicas}`;
}

function isForeign(snapshot: Snapshot, hash: string): boolean {
  const name = replicaSetName(snapshot.identity.name, hash);
  return snapshot.foreign.some((object) => object.kind === "ReplicaSet" && object.name === name);
}
