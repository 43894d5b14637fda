import { annotations, labels } from "./labels.ts";

const identity = { name: true, namespace: "interned", uid: true, resourceVersion: true } as const;
/** Others name it. */
const named = { ...identity, name: "interned", uid: "interned" } as const;
const life = { creationTimestamp: "interned", deletionTimestamp: "interned" } as const;

const child = {
  ...identity,
  labels: "interned",
  annotations: { [annotations.applied]: true },
  ownerReferences: "interned",
} as const;

const containerStatus = {
  name: "interned",
  ready: true,
  restartCount: true,
  state: true,
  lastState: { terminated: true },
} as const;
const port = { name: "interned", port: true, protocol: "interned", appProtocol: "interned" } as const;
const condition = {
  type: "interned",
  status: "interned",
  reason: "interned",
  message: true,
  lastTransitionTime: "interned",
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
  containers: { name: "interned", image: "interned", resources: { requests: "interned" } },
  nodeSelector: "interned",
  affinity: "interned",
  tolerations: "interned",
} as const;

/**
 * What is read of each kind: the rest of an object is neither parsed nor kept. A builder beside it that writes a member
 * more has to name it here, or it would be applied again and again.
 */
export const keptMembers = {
  modelDeployment: {
    metadata: { ...identity, ...life, finalizers: "interned", generation: true, annotations: commands },
    spec: true,
    status: true,
  },
  replicaSet: {
    metadata: {
      ...named,
      labels: { [labels.deployment]: "interned" },
      annotations: { [annotations.version]: "interned", [annotations.model]: "interned", [annotations.retiredAt]: true },
      ownerReferences: "interned",
    },
    // The template never changes and is never compared, but for its image and where its pods may be: all of it would be the largest part of the cache.
    spec: { replicas: true, template: { spec: podTemplate } },
    status: { replicas: true, conditions: condition },
  },
  pod: {
    metadata: {
      ...identity,
      ...life,
      labels: { [labels.deployment]: "interned", [labels.revision]: "interned" },
      ownerReferences: "interned",
    },
    spec: { nodeName: "interned" },
    status: {
      phase: "interned",
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
      type: "interned",
      selector: "interned",
      ports: { ...port, targetPort: true },
    },
  },
  httpRoute: {
    metadata: { ...child, creationTimestamp: true, generation: true },
    spec: true,
    status: { parents: { parentRef: "interned", conditions: { ...condition, observedGeneration: true } } },
  },
  serviceAccount: { metadata: child, automountServiceAccountToken: true },
  endpointSlice: {
    metadata: child,
    addressType: true,
    endpoints: "interned",
    ports: port,
  },
  podDisruptionBudget: { metadata: child, spec: { maxUnavailable: true, selector: "interned" } },
} as const;
