import { annotations, labels } from "./labels.ts";

const identity = { name: true, namespace: "shared", uid: true, resourceVersion: true } as const;
/** Others name it. */
const named = { ...identity, name: "shared", uid: "shared" } as const;
const life = { creationTimestamp: "shared", deletionTimestamp: "shared" } as const;

const child = {
  ...identity,
  labels: "shared",
  annotations: { [annotations.applied]: true },
  ownerReferences: "shared",
} as const;

const containerStatus = {
  name: "shared",
  ready: true,
  restartCount: true,
  state: true,
  lastState: { terminated: true },
} as const;
const port = { name: "shared", port: true, protocol: "shared", appProtocol: "shared" } as const;
const condition = {
  type: "shared",
  status: "shared",
  reason: "shared",
  message: true,
  lastTransitionTime: "shared",
} as const;

/** What users ask of a rollout. */
const commands = {
  [annotations.promote]: true,
  [annotations.promoteFull]: true,
  [annotations.abort]: true,
  [annotations.retry]: true,
  [annotations.pause]: true,
  [annotations.restart]: true,
} as const;

const podTemplate = {
  containers: { name: "shared", image: "shared", resources: { requests: "shared" } },
  nodeSelector: "shared",
  affinity: "shared",
  tolerations: "shared",
} as const;

/**
 * What is read of each kind: the rest of an object is neither parsed nor kept. A builder beside it that writes a member
 * more has to name it here, or it would be applied again and again.
 */
export const keptMembers = {
  modelDeployment: {
    metadata: { ...identity, ...life, finalizers: "shared", generation: true, annotations: commands },
    spec: true,
    status: true,
  },
  replicaSet: {
    metadata: {
      ...named,
      labels: { [labels.deployment]: "shared" },
      annotations: { [annotations.version]: "shared", [annotations.model]: "shared", [annotations.retiredAt]: true },
      ownerReferences: "shared",
    },
    // The template never changes and is never compared, but for its image and where its pods may be: all of it would be the largest part of the cache.
    spec: { replicas: true, template: { spec: podTemplate } },
    status: { replicas: true, conditions: condition },
  },
  pod: {
    metadata: {
      ...identity,
      ...life,
      labels: { [labels.deployment]: "shared", [labels.revision]: "shared" },
      ownerReferences: "shared",
    },
    spec: { nodeName: "shared" },
    status: {
      phase: "shared",
      podIP: true,
      reason: true,
      message: true,
      conditions: condition,
      initContainerStatuses: containerStatus,
      containerStatuses: containerStatus,
    },
  },
  service: {
    metadata: child,
    spec: {
      type: "shared",
      selector: "shared",
      ports: { ...port, targetPort: true },
    },
  },
  httpRoute: {
    metadata: { ...child, creationTimestamp: true, generation: true },
    spec: true,
    status: { parents: { parentRef: "shared", conditions: { ...condition, observedGeneration: true } } },
  },
  serviceAccount: { metadata: child, automountServiceAccountToken: true },
  endpointSlice: {
    metadata: child,
    addressType: true,
    endpoints: "shared",
    ports: port,
  },
  podDisruptionBudget: { metadata: child, spec: { maxUnavailable: true, selector: "shared" } },
} as const;
