import { fields, list } from "./server-defaults.ts";
import { type ChangeType, type Entry, type StoredObject, identity, keyOf, type Store } from "./store.ts";

/** Stands in for the controllers and kubelets of a cluster: gives ReplicaSets ready pods at once, and deletes objects with their owner. */
export interface SimulatedControllers {
  /** From now on ReplicaSets get pods, existing ones included. */
  startPods(): void;
}

const past = "2026-01-01T00:00:00Z";
const node = {
  phase: "Running",
  hostIP: "10.0.0.1",
  hostIPs: [{ ip: "10.0.0.1" }],
  qosClass: "Guaranteed",
  startTime: past,
};
const conditionTypes = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/** Subscribes to the store. All pods get the address `podAddress`, at which their model facts are served. */
export function simulateControllers(store: Store, podAddress: string): SimulatedControllers {
  /** Keys of an object's dependents by its UID, each with the plural of its kind. */
  const owned = new Map<string, Map<string, string>>();
  let createsPods = false;
  const change = (plural: string, type: ChangeType, { object }: Entry): void => {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const keys = owned.get(uid) ?? new Map<string, string>();
      if (type === "DELETED") keys.delete(keyOf(object));
      else owned.set(uid, keys.set(keyOf(object), plural));
    }
    if (type === "DELETED") setImmediate(() => collect(object));
    else if (plural === "replicasets" && createsPods) setImmediate(() => fill(keyOf(object)));
  };
  const collect = ({ metadata }: StoredObject): void => {
    const dependents = owned.get(metadata.uid) ?? new Map<string, string>();
    owned.delete(metadata.uid);
    for (const [key, plural] of dependents) store.remove(plural, key);
  };
  const fill = (key: string): void => {
    const replicaSet = store.collection("replicasets").entries.get(key)?.object;
    if (replicaSet === undefined) return;
    const wanted = Number(fields(replicaSet["spec"])["replicas"] ?? 1);
    const pods = [...(owned.get(replicaSet.metadata.uid) ?? new Map<string, string>()).keys()];
    for (const surplus of pods.slice(wanted)) store.remove("pods", surplus);
    for (let count = pods.length; count < wanted; count += 1) addPod(replicaSet);
    const status = { replicas: wanted, fullyLabeledReplicas: wanted, readyReplicas: wanted, availableReplicas: wanted };
    const { generation = 1 } = replicaSet.metadata;
    const next = { ...replicaSet, status: { ...status, observedGeneration: generation } };
    if (JSON.stringify(next["status"]) === JSON.stringify(replicaSet["status"])) return;
    store.put("replicasets", key, (resourceVersion) => ({ ...next, metadata: { ...next.metadata, resourceVersion } }));
  };
  const addPod = (replicaSet: StoredObject): void => {
    const pod = podOf(replicaSet, podAddress);
    store.put("pods", keyOf(pod), (resourceVersion) => ({ ...pod, metadata: { ...pod.metadata, resourceVersion } }));
  };
  store.subscribe(change);
  return {
    startPods() {
      createsPods = true;
      for (const key of store.collection("replicasets").entries.keys()) setImmediate(() => fill(key));
    },
  };
}

function podOf({ apiVersion, kind, metadata, ...replicaSet }: StoredObject, podIP: string): StoredObject {
  const { metadata: labelled, spec } = fields(fields(replicaSet["spec"])["template"]);
  const { uid } = metadata;
  const suffix = Math.random().toString(36).slice(2, 7).padEnd(5, "x");
  const controller = { apiVersion, kind, name: metadata.name, uid, controller: true, blockOwnerDeletion: true };
  const own = identity();
  const started = { startedAt: past };
  const containerStatuses = list(fields(spec)["containers"]).map(({ name, image, resources }) => ({
    name,
    state: { running: started },
    lastState: {},
    ready: true,
    restartCount: 0,
    image,
    imageID: `${String(image)}@sha256:${own.uid.replaceAll("-", "").repeat(2)}`,
    containerID: `containerd://${own.uid.replaceAll("-", "").repeat(2)}`,
    started: true,
    allocatedResources: fields(resources)["requests"],
    resources,
  }));
  const conditions = conditionTypes.map((type) => ({
    type,
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: own.creationTimestamp,
  }));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${metadata.name}-${suffix}`,
      generateName: `${metadata.name}-`,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      ...own,
      resourceVersion: "",
      labels: { ...metadata.labels, ...fields(fields(labelled)["labels"]) } as Record<string, string>, // labels are texts
      ownerReferences: [controller],
    },
    spec: { ...fields(spec), nodeName: "node-a", preemptionPolicy: "PreemptLowerPriority", priority: 0 },
    status: { ...node, podIP, podIPs: [{ ip: podIP }], conditions, containerStatuses },
  };
}
