import { exitCodes } from "../../../runtime/contract/exit-codes.ts";
import { environment } from "../../../runtime/contract/environment.ts";
import type { ContainerState, ContainerStatus, Pod, ReplicaSet, Stored } from "../../kube/kinds.ts";
import { splitText } from "../../../runtime/contract/route-table.ts";
import { isEqual } from "../plan/equality.ts";
import { statusShares } from "../plan/traffic.ts";
import { gatewayPods, type SimulatedCluster } from "./cluster.ts";

/** One round of work of everybody else in the cluster. */
export type StandIn = (cluster: SimulatedCluster) => void | Promise<void>;

/** What a model whose path contains this word makes of its pods: they exit and say why. */
const brokenWord = "broken";

/** Kubernetes' ReplicaSet controller: as many pods as declared, as far as a quota of all pods allows. */
export function replicaSetsWithin(mostPods: number): StandIn {
  return (cluster) => {
    for (const replicaSet of cluster.all("ReplicaSet")) {
      const pods = cluster.podsOf(replicaSet.metadata.uid);
      const alive = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      const missing = (replicaSet.spec.replicas ?? 1) - alive.length;
      const room = Math.max(0, mostPods - servingPods(cluster));
      const made = Math.min(missing, room);
      for (let count = 0; count < made; count += 1) createPod(cluster, replicaSet, pods.length + count);
      const deletionTimestamp = new Date(cluster.now).toISOString();
      for (const pod of alive.slice(alive.length + Math.min(missing, 0))) {
        cluster.put({ ...pod, metadata: { ...pod.metadata, deletionTimestamp } });
      }
      const status = setStatus(replicaSet, alive.length + made, missing > room ? refusedPods(cluster, mostPods) : []);
      if (!isEqual(replicaSet.status, status)) cluster.put({ ...replicaSet, status });
    }
  };
}

/** With room for every pod. */
const replicaSets: StandIn = replicaSetsWithin(Number.POSITIVE_INFINITY);

function servingPods(cluster: SimulatedCluster): number {
  return cluster.all("ReplicaSet").flatMap(({ metadata }) => cluster.podsOf(metadata.uid)).length;
}

type SetStatus = NonNullable<ReplicaSet["status"]>;

function setStatus(
  { status }: ReplicaSet,
  replicas: number,
  conditions: NonNullable<SetStatus["conditions"]>,
): SetStatus {
  const known = status?.conditions ?? [];
  if (conditions.length === 0) return { replicas };
  return { replicas, conditions: known.length > 0 ? known : conditions };
}

/** In the words of the admission plugin ResourceQuota. */
function refusedPods(cluster: SimulatedCluster, most: number): NonNullable<SetStatus["conditions"]> {
  const message = `pods are forbidden: exceeded quota: pods, requested: pods=1, used: pods=${most}, limited: pods=${most}`;
  const lastTransitionTime = new Date(cluster.now).toISOString();
  return [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message, lastTransitionTime }];
}

/** The kubelet: a pod loads for one round and is ready in the next, or exits; a terminating one is gone a round later. */
export const kubelet: StandIn = (cluster) => {
  const pods = cluster.all("ReplicaSet").flatMap(({ metadata }) => cluster.podsOf(metadata.uid));
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (Date.parse(pod.metadata.deletionTimestamp) < cluster.now) cluster.delete(pod);
      continue;
    }
    const next = nextStatus(pod);
    if (next !== undefined) cluster.put({ ...pod, status: next });
  }
};

/** The gateways: each works by the split of the last round's status. */
export const gateways: StandIn = (cluster) => {
  for (const { status = {} } of cluster.all("ModelDeployment")) {
    const split = splitText(statusShares(status).map(({ revision, weight }) => ({ hash: revision, weight })));
    for (const { metadata } of gatewayPods(cluster)) cluster.acknowledged.set(metadata.name, split);
  }
};

/** In the order in which they usually get their turn. */
export const standIns: readonly StandIn[] = [gateways, kubelet, replicaSets];

function createPod(cluster: SimulatedCluster, { metadata, spec }: ReplicaSet & Stored, index: number): void {
  const taken = new Set(cluster.podsOf(metadata.uid).map((pod) => pod.metadata.name));
  let number = index;
  while (taken.has(`${metadata.name}-${number}`)) number += 1;
  cluster.put<Pod>({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${metadata.name}-${number}`,
      namespace: metadata.namespace ?? "default",
      labels: spec.template.metadata?.labels ?? {},
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: metadata.name, uid: metadata.uid, controller: true },
      ],
    },
    spec: spec.template.spec,
    status: { phase: "Pending" },
  });
}

function nextStatus({ spec, status = {} }: Pod): Pod["status"] | undefined {
  const { phase = "Pending" } = status;
  if (phase === "Pending") {
    return { phase: "Running", podIP: "10.0.0.1", containerStatuses: [container({ running: {} })] };
  }
  const isLoading = status.containerStatuses?.some(({ ready, state }) => !ready && state?.running !== undefined);
  if (isLoading !== true) return undefined;
  if (isBroken(spec)) return { ...status, containerStatuses: [container(refusal)] };
  return {
    ...status,
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: [{ ...container({ running: {} }), ready: true }],
  };
}

const refusal: ContainerState = {
  terminated: {
    exitCode: exitCodes.modelRefused,
    reason: "Error",
    message: JSON.stringify({
      code: "UnsupportedLayer",
      message: "layer lambda_1 is a Lambda layer",
      hint: "export it",
    }),
  },
};

function isBroken({ containers }: Pod["spec"]): boolean {
  const paths = containers.flatMap(({ env = [] }) => env).filter(({ name }) => name === environment.modelPath);
  return paths.some(({ value }) => value?.includes(brokenWord) === true);
}

function container(state: ContainerState): ContainerStatus {
  return { name: "runtime", ready: false, restartCount: 0, image: "", imageID: "", state };
}
