import type { Pod, ReplicaSet, Stored } from "../../../operator/kube/kinds.ts";
import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
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

/**
 * Plays the ReplicaSet controller and the scheduler: what is missing is made on a node, what is too much is asked to go,
 * and the status says so, each a little later. It writes into the store, for it is not what is tried here.
 */
export function startReplicaSets(options: ReplicaSetsOptions): { stop(): void } {
  const { server, clock, chance } = options;
  const sets = server.store.collection("replicasets.apps");
  const pods = server.store.collection("pods.");
  const waiting = new Set<string>();
  let podCount = options.podsBefore;
  const look = (name: string): void => {
    if (waiting.has(name)) return;
    waiting.add(name);
    clock.after(chance.whole(1, 12), () => {
      waiting.delete(name);
      const object = sets.record("default", name)?.object;
      if (object !== undefined) carryOut(object, options, () => `pod-${podCount++}`);
    });
  };
  const endings = [
    sets.subscribe(({ record }) => look(record.object.metadata.name)),
    pods.subscribe(({ record }) => {
      const owner = server.store.owners.placeOf(controllerUid(record.object) ?? "");
      if (owner !== undefined) look(owner.name);
    }),
  ];
  return { stop: () => endings.forEach((end) => end()) };
}

function carryOut(object: ApiObject, { server, clock, chance }: ReplicaSetsOptions, newUid: () => string): void {
  const { store } = server;
  const sets = store.collection("replicasets.apps");
  const pods = store.collection("pods.");
  const replicaSet = object as unknown as ReplicaSet & Stored; // the collection holds them
  const owned = store.owners
    .dependentsOf(object.metadata.uid)
    .map(({ namespace, name }) => pods.record(namespace, name)?.object)
    .filter((pod) => pod !== undefined) as unknown as (Pod & Stored)[]; // nothing else is owned by ReplicaSets
  const { create, remove, status } = replicaSetPlan({ replicaSet, pods: owned, nowMs: clock.now() });
  for (let count = 0; count < create; count += 1) {
    const pod = podOfTemplate(replicaSet, chance.fraction);
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
