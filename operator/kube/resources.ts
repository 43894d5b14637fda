/** Where a kind lives in the API. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** As in the path: `replicasets`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

export const resources = {
  pods: { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true },
  services: { group: "", version: "v1", kind: "Service", plural: "services", namespaced: true },
  serviceAccounts: { group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts", namespaced: true },
  configMaps: { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true },
  persistentVolumeClaims: {
    group: "",
    version: "v1",
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    namespaced: true,
  },
  namespaces: { group: "", version: "v1", kind: "Namespace", plural: "namespaces", namespaced: false },
  nodes: { group: "", version: "v1", kind: "Node", plural: "nodes", namespaced: false },
  events: { group: "", version: "v1", kind: "Event", plural: "events", namespaced: true },
  replicaSets: { group: "apps", version: "v1", kind: "ReplicaSet", plural: "replicasets", namespaced: true },
  endpointSlices: {
    group: "discovery.k8s.io",
    version: "v1",
    kind: "EndpointSlice",
    plural: "endpointslices",
    namespaced: true,
  },
  podDisruptionBudgets: {
    group: "policy",
    version: "v1",
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    namespaced: true,
  },
  leases: { group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", namespaced: true },
  customResourceDefinitions: {
    group: "apiextensions.k8s.io",
    version: "v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    namespaced: false,
  },
  modelDeployments: {
    group: "modelwright.dev",
    version: "v1alpha1",
    kind: "ModelDeployment",
    plural: "modeldeployments",
    namespaced: true,
  },
} as const satisfies Record<string, Resource>;
