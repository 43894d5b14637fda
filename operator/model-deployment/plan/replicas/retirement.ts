import { resources } from "../../../kube/resources.ts";
import { livePods, type ObservedRevision, readyPods, type Snapshot } from "../../snapshot.ts";
import type { Action } from "../action.ts";
import { scaleDownDelayMs } from "../rollout/steps/strategy.ts";
import { laggingGateways, shares, unreadySenders } from "../traffic.ts";
import { scaled } from "./scaling.ts";

/** What is done about a revision on its way out, and what it waits for. */
export interface Retirement {
  readonly actions: readonly Action[];
  readonly draining: readonly string[];
  readonly recheckAfterMs?: number;
}

/** Down in order: weight, acknowledged by all gateways, drain delay, replicas, ReplicaSet; that one stays where it is remembered. */
export function retirement(snapshot: Snapshot, revision: ObservedRevision, isRemembered: boolean): Retirement {
  const { replicaSet: object, hash } = revision;
  // Not before status has said so: a crash between the two would leave traffic without pods.
  if (shares(snapshot.rollout).some((share) => share.revision === hash)) {
    return { actions: [], draining: [`revision ${hash} drains`] };
  }
  const target = `ReplicaSet ${object.name}`;
  if (object.replicas === 0 && object.pods === 0 && livePods(revision).length === 0) {
    if (isRemembered) return { actions: [], draining: [] };
    const why = `revision ${hash} is neither stable nor candidate and has no pods left`;
    return { actions: [{ kind: "delete", resource: resources.replicaSets, target, object, why }], draining: [] };
  }
  if (object.replicas === 0) return { actions: [], draining: [`the pods of revision ${hash} finish their requests`] };
  if (readyPods(revision).length === 0) {
    const why = `revision ${hash} is no longer wanted and has no ready pod`;
    return { actions: scaled(revision, 0, why), draining: [`the pods of revision ${hash} stop`] };
  }
  const lagging = [...laggingGateways(snapshot, snapshot.rollout), ...unreadySenders(snapshot, hash)];
  if (lagging.length > 0) {
    return { actions: [], draining: [`${lagging.join(", ")} may still send requests to revision ${hash}`] };
  }
  if (isInTheWay(snapshot, hash)) {
    const why = `no gateway sends requests to revision ${hash} any more, and its room is needed`;
    return { actions: scaled(revision, 0, why), draining: [`the pods of revision ${hash} finish their requests`] };
  }
  return drained(snapshot, revision);
}

/** The pods serve on for a while, in case somebody was not heard of. */
function drained(snapshot: Snapshot, revision: ObservedRevision): Retirement {
  const { replicaSet: object, hash } = revision;
  const delayMs = stayMs(snapshot, hash);
  // A time yet to come is that of a clock that was wrong: waiting for it could take for ever.
  if (revision.retiredAtMs === undefined || revision.retiredAtMs > snapshot.now) {
    const why = `no gateway sends requests to revision ${hash} any more`;
    return {
      actions: [{ kind: "retire", target: `ReplicaSet ${object.name}`, object, at: snapshot.timestamp, why }],
      draining: [`revision ${hash} drains`],
      recheckAfterMs: delayMs,
    };
  }
  const remainingMs = revision.retiredAtMs + delayMs - snapshot.now;
  if (remainingMs > 0) return { actions: [], draining: [`revision ${hash} drains`], recheckAfterMs: remainingMs };
  const why = `revision ${hash} has drained`;
  return { actions: scaled(revision, 0, why), draining: [`the pods of revision ${hash} finish their requests`] };
}

/**
 * Others wait for its room, maybe with requests at the gateway: pods serve on for a drain delay after they are told to end,
 * which is enough where every gateway has confirmed that it sends nothing. What Gateways of others confirm says less.
 */
function isInTheWay(snapshot: Snapshot, hash: string): boolean {
  const { capacity } = snapshot.rollout;
  const isTight = capacity !== undefined && capacity.mode !== "Surge";
  return isTight && isUseless(snapshot, hash) && snapshot.spec.traffic?.path !== "Direct";
}

/** Nobody goes back to what failed, nor with a candidate waiting for its room. */
function isUseless({ rollout }: Snapshot, hash: string): boolean {
  return rollout.failed?.some(({ revision }) => revision === hash) === true || rollout.candidate !== undefined;
}

/** Pods of what was replaced may stay longer, for a quick way back. */
function stayMs(snapshot: Snapshot, hash: string): number {
  const { settings, spec } = snapshot;
  return isUseless(snapshot, hash) ? settings.drainDelayMs : Math.max(settings.drainDelayMs, scaleDownDelayMs(spec));
}
