import { exitCodes } from "../../../runtime/contract/exit-codes.ts";
import { environment } from "../../../runtime/contract/environment.ts";
import type { ContainerState, ContainerStatus, OwnerReference, Pod, ReplicaSet, Stored } from "../../kube/kinds.ts";
import { splitText } from "../../../runtime/contract/route-table.ts";
import { isEqual } from "../plan/equality.ts";
import { statusShares } from "../plan/traffic.ts";
import { gatewayPods, type SimulatedCluster } from "./cluster.ts";
import { brokenName, runtimes } from "./runtimes.ts";
import { systemNamespace } from "../resources/labels.ts";
import { isControlledBy } from "../resources/owner.ts";

/** One round of work of another component of the cluster. */
export type SimulatedController = (cluster: SimulatedCluster) => void | Promise<void>;

/** Kubernetes' ReplicaSet controller: creates and deletes pods as declared, within a quota of all pods. */
export function replicaSetsWithin(maxPods: number): SimulatedController {
  return (cluster) => {
    for (const replicaSet of cluster.all("ReplicaSet")) {
      claimPods(cluster, replicaSet);
      const pods = cluster.podsOf(replicaSet.metadata.uid);
      const alive = pods
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .toSorted((one, other) => Number(isReady(other)) - Number(isReady(one)));
      const missing = (replicaSet.spec.replicas ?? 1) - alive.length;
      const room = Math.max(0, maxPods - modelPods(cluster).length);
      const created = Math.min(missing, room);
      for (let count = 0; count < created; count += 1) createPod(cluster, replicaSet, pods.length + count);
      const deletionTimestamp = new Date(cluster.now).toISOString();
      for (const pod of alive.slice(alive.length + Math.min(missing, 0))) {
        cluster.put({ ...pod, metadata: { ...pod.metadata, deletionTimestamp } });
      }
      const status = replicaSetStatus(
        replicaSet,
        alive.length + created,
        missing > room ? quotaExceeded(cluster, maxPods) : [],
      );
      if (!isEqual(replicaSet.status, status)) cluster.put({ ...replicaSet, status });
    }
  };
}

/** Releases pods that the ReplicaSet no longer selects, and adopts those that nothing controls; not terminating ones. */
function claimPods(cluster: SimulatedCluster, { metadata, spec }: ReplicaSet & Stored): void {
  const isSelected = (pod: Pod): boolean =>
    Object.entries(spec.selector.matchLabels ?? {}).every(([key, value]) => pod.metadata.labels?.[key] === value);
  const alive = modelPods(cluster).filter((pod) => pod.metadata.deletionTimestamp === undefined);
  for (const pod of alive.filter((one) => isControlledBy(one.metadata, metadata.uid) && !isSelected(one))) {
    const { ownerReferences: _, ...others } = pod.metadata; // it has no other owner
    cluster.put({ ...pod, metadata: others });
  }
  for (const pod of alive.filter((one) => one.metadata.ownerReferences === undefined && isSelected(one))) {
    cluster.put({ ...pod, metadata: { ...pod.metadata, ownerReferences: [controllerReference(metadata)] } });
  }
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: state }) => type === "Ready" && state === "True") === true;
}

function controllerReference({ name, uid }: Stored["metadata"]): OwnerReference {
  return { apiVersion: "apps/v1", kind: "ReplicaSet", name, uid, controller: true };
}

/** The ReplicaSet controller without a quota. */
const replicaSetController: SimulatedController = replicaSetsWithin(Number.POSITIVE_INFINITY);

/** All pods but the gateways', whoever controls them. */
function modelPods(cluster: SimulatedCluster): readonly (Pod & Stored)[] {
  return cluster.all("Pod").filter(({ metadata }) => metadata.namespace !== systemNamespace);
}

type ReplicaSetStatus = NonNullable<ReplicaSet["status"]>;

function replicaSetStatus(
  { status }: ReplicaSet,
  replicas: number,
  conditions: NonNullable<ReplicaSetStatus["conditions"]>,
): ReplicaSetStatus {
  const known = status?.conditions ?? [];
  if (conditions.length === 0) return { replicas };
  return { replicas, conditions: known.length > 0 ? known : conditions };
}

/** The condition that a refusal by the admission plugin ResourceQuota causes. */
function quotaExceeded(cluster: SimulatedCluster, maxPods: number): NonNullable<ReplicaSetStatus["conditions"]> {
  const message = `pods are forbidden: exceeded quota: pods, requested: pods=1, used: pods=${maxPods}, limited: pods=${maxPods}`;
  const lastTransitionTime = new Date(cluster.now).toISOString();
  return [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message, lastTransitionTime }];
}

/** The kubelet: a pod loads for one round and in the next becomes ready or exits; a terminating one is gone a round later. */
export const kubelet: SimulatedController = (cluster) => {
  for (const pod of modelPods(cluster)) {
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (Date.parse(pod.metadata.deletionTimestamp) < cluster.now) cluster.delete(pod);
      continue;
    }
    const next = nextStatus(pod);
    if (next !== undefined) cluster.put({ ...pod, status: next });
  }
};

/** The gateways: each acknowledges the split in the last round's status. */
export const gateways: SimulatedController = (cluster) => {
  for (const { status = {} } of cluster.all("ModelDeployment")) {
    const split = splitText(statusShares(status).map(({ revision, weight }) => ({ hash: revision, weight })));
    for (const { metadata } of gatewayPods(cluster)) cluster.acknowledged.set(metadata.name, split);
  }
};

/** All components, in the usual order of a round. */
export const simulatedControllers: readonly SimulatedController[] = [gateways, kubelet, runtimes, replicaSetController];

function createPod(cluster: SimulatedCluster, { metadata, spec }: ReplicaSet & Stored, index: number): void {
  const taken = new Set(cluster.all("Pod").map((pod) => pod.metadata.name));
  let number = index;
  while (taken.has(`${metadata.name}-${number}`)) number += 1;
  cluster.put<Pod>({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${metadata.name}-${number}`,
      namespace: metadata.namespace ?? "default",
      labels: spec.template.metadata?.labels ?? {},
      annotations: spec.template.metadata?.annotations ?? {},
      ownerReferences: [controllerReference(metadata)],
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
  return paths.some(({ value }) => value?.includes(brokenName) === true);
}

function container(state: ContainerState): ContainerStatus {
  return { name: "runtime", ready: false, restartCount: 0, image: "", imageID: "", state };
}
