import { exitCodes } from "../../../runtime/contract/exit-codes.ts";
import { environment } from "../../../runtime/contract/environment.ts";
import type { ContainerState, ContainerStatus, Pod, ReplicaSet, Stored } from "../../kube/kinds.ts";
import { splitText } from "../../../runtime/contract/route-table.ts";
import { statusShares } from "../plan/traffic.ts";
import { gatewayPods, type SimulatedCluster } from "./cluster.ts";

/** One round of work of everybody else in the cluster. */
export type StandIn = (cluster: SimulatedCluster) => void | Promise<void>;

/** What a model whose path contains this word makes of its pods: they exit and say why. */
export const brokenWord = "broken";

/** Kubernetes' ReplicaSet controller: as many pods as declared. */
export const replicaSets: StandIn = (cluster) => {
  for (const replicaSet of cluster.all("ReplicaSet")) {
    const pods = cluster.podsOf(replicaSet.metadata.uid);
    const alive = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const missing = (replicaSet.spec.replicas ?? 1) - alive.length;
    for (let count = 0; count < missing; count += 1) createPod(cluster, replicaSet, pods.length + count);
    const deletionTimestamp = new Date(cluster.now).toISOString();
    for (const pod of alive.slice(alive.length + Math.min(missing, 0))) {
      cluster.put({ ...pod, metadata: { ...pod.metadata, deletionTimestamp } });
    }
    const replicas = alive.length + missing;
    if (replicaSet.status?.replicas !== replicas) cluster.put({ ...replicaSet, status: { replicas } });
  }
};

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
