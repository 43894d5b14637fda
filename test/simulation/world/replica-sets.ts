import type { Pod, ReplicaSet, Stored } from "../../../operator/kube/kinds.ts";
import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
import type { Collection } from "../../../operator/local/api-server/store/collection.ts";
import type { ApiObject } from "../../../operator/local/api-server/values/api-object.ts";
import { equalJson, type JsonObject } from "../../../operator/local/api-server/values/json.ts";
import { timestamp } from "../../../operator/local/api-server/verbs/context.ts";
import { podOfTemplate } from "../../../operator/local/controllers/replica-set/pod-of-template.ts";
import { controllerUid } from "../../../operator/local/controllers/replica-set/pod-readiness.ts";
import { replicaSetPlan } from "../../../operator/local/controllers/replica-set/replica-set-plan.ts";
import type { Clock } from "../../../runtime/base/clock.ts";
import type { Chance } from "../schedule/random.ts";

export interface ReplicaSetsOptions {
  readonly server: ApiServer;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Pods that were made before: numbers go on from there. */
  readonly podsBefore: number;
}

export interface PlayedReplicaSets {
  /** No more than so many pods in the namespace from now on, terminating ones included; undefined: any number. */
  limit(most: number | undefined): void;
  stop(): void;
}

/**
 * Plays the ReplicaSet controller, a quota and the scheduler: what is missing is made on a node, what is too much is asked to go,
 * and the status says so, each a little later. It writes into the store, for it is not what is tried here.
 */
export function startReplicaSets(options: ReplicaSetsOptions): PlayedReplicaSets {
  const { server, clock, chance } = options;
  const sets = server.store.collection("replicasets.apps");
  const pods = server.store.collection("pods.");
  const waiting = new Set<string>();
  let podCount = options.podsBefore;
  let mostPods = Infinity;
  const look = (name: string): void => {
    if (waiting.has(name)) return;
    waiting.add(name);
    clock.after(chance.whole(1, 12), () => {
      waiting.delete(name);
      const object = sets.record("default", name)?.object;
      if (object !== undefined) carryOut(object, { ...options, mostPods }, () => `pod-${podCount++}`);
    });
  };
  const lookAtAll = (): void => sets.records("default").forEach(({ object }) => look(object.metadata.name));
  lookAtAll();
  const endings = [
    sets.subscribe(({ record }) => look(record.object.metadata.name)),
    pods.subscribe(({ record, type }) => {
      if (type === "DELETED" && mostPods < Infinity) return lookAtAll();
      const owner = server.store.owners.placeOf(controllerUid(record.object) ?? "");
      if (owner !== undefined) look(owner.name);
    }),
  ];
  return {
    limit(most = Infinity) {
      mostPods = most;
      lookAtAll();
    },
    stop: () => endings.forEach((end) => end()),
  };
}

type Room = ReplicaSetsOptions & { readonly mostPods: number };

function carryOut(object: ApiObject, { server, clock, chance, mostPods }: Room, newUid: () => string): void {
  const { store } = server;
  const sets = store.collection("replicasets.apps");
  const pods = store.collection("pods.");
  const replicaSet = object as unknown as ReplicaSet & Stored; // the collection holds them
  const owned = store.owners
    .dependentsOf(object.metadata.uid)
    .map(({ namespace, name }) => pods.record(namespace, name)?.object)
    .filter((pod) => pod !== undefined) as unknown as (Pod & Stored)[]; // nothing else is owned by ReplicaSets
  const facts = { replicaSet, pods: owned, nowMs: clock.now() };
  const room = mostPods === Infinity ? Infinity : Math.max(0, mostPods - pods.records("default").length);
  const { create, remove } = replicaSetPlan(facts);
  const { status } = replicaSetPlan({ ...facts, createFailure: create > room ? refusal(mostPods) : undefined });
  for (let count = 0; count < Math.min(create, room); count += 1) {
    const pod = newPod(replicaSet, pods, chance.fraction);
    const creationTimestamp = timestamp(clock);
    store.put(pods, {
      ...pod,
      metadata: { ...pod.metadata, uid: newUid(), creationTimestamp },
      spec: { ...pod.spec, nodeName: "node" },
      status: { phase: "Pending" },
    } as never); // a pod is JSON
  }
  for (const { metadata } of remove)
    server.answer({ method: "DELETE", path: `/api/v1/namespaces/default/pods/${metadata.name}` });
  const shown = status as unknown as JsonObject; // likewise
  if (!equalJson(shown, object["status"])) store.put(sets, { ...object, status: shown });
}

/** Under a name of its own: who begins where another world was may draw the same ones. */
function newPod(replicaSet: ReplicaSet & Stored, pods: Collection, random: () => number): Pod {
  const pod = podOfTemplate(replicaSet, random);
  const isTaken = pods.record("default", pod.metadata.name ?? "") !== undefined;
  return isTaken ? newPod(replicaSet, pods, random) : pod;
}

/** In the words of the admission plugin ResourceQuota. */
function refusal(most: number): string {
  return `pods are forbidden: exceeded quota: pods, requested: pods=1, used: pods=${most}, limited: pods=${most}`;
}
