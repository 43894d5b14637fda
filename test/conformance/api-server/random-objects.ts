/** A kind of object in random requests. */
export interface Kind {
  readonly path: string;
  readonly type: { readonly apiVersion: string; readonly kind: string };
  readonly isBuiltIn: boolean;
  /** Random content that is valid most of the time. */
  content(pick: Pick): object;
  /** A random change, as the body of a patch. */
  change(pick: Pick): object;
}

/** A random choice. */
export type Pick = <Item>(items: readonly Item[]) => Item;

const data = (pick: Pick) => pick([{}, { a: "1" }, { a: "2", b: "1" }, { b: pick(["1", "2"]), c: "3" }]);

const container = (pick: Pick) => ({
  name: pick(["main", "side"]),
  image: pick(["example.test/a:1", "example.test/b:latest"]),
  ...pick([{}, { env: [{ name: pick(["A", "B"]), value: pick(["1", "2"]) }] }]),
  ...pick([{}, { ports: [{ containerPort: pick([80, 81]) }] }, { args: pick([["x"], ["x", "y"]]) }]),
});

const containers = (pick: Pick) =>
  pick([
    [container(pick)],
    [container(pick)],
    [
      { ...container(pick), name: "main" },
      { ...container(pick), name: "side" },
    ],
  ]);

const template = (pick: Pick, label: string) => ({
  metadata: { labels: { app: label } },
  spec: {
    containers: containers(pick),
    ...pick([{}, { terminationGracePeriodSeconds: pick([5, 30]) }, { nodeSelector: { disk: pick(["ssd", "hdd"]) } }]),
  },
});

const conditions = (pick: Pick) =>
  pick([["Ready"], ["Available"], ["Ready", "Available"]]).map((type) => ({
    type,
    status: pick(["True", "False"]),
    reason: pick(["One", "Two"]),
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }));

const source = (pick: Pick) =>
  pick([
    { http: { url: pick(["https://example.test/a", "https://example.test/b"]), sha256: "0".repeat(64) } },
    { configMap: { name: "m", key: pick(["a.h5", "b.h5"]) } },
  ]);

const servicePorts = (pick: Pick) =>
  pick([[80], [80, 81], [81, 80, 82]]).map((port) => ({
    name: `p${port}`,
    port,
    ...pick([{}, { targetPort: pick(["http", 8080]) }, { appProtocol: "http" }]),
  }));

const endpoints = (pick: Pick) =>
  pick([[], ["10.1.0.1"], ["10.1.0.1", "10.1.0.2"]]).map((address) => ({
    addresses: [address],
    ...pick([{}, { conditions: { ready: pick([true, false]) } }]),
  }));

const slicePorts = (pick: Pick) =>
  pick([
    [],
    [{ port: 80 }],
    [
      { port: 80, name: "a" },
      { port: 81, name: "b" },
    ],
  ]);

/** The kinds that operators and their users write. */
export const kinds: readonly Kind[] = [
  {
    path: "/api/v1/namespaces/NS/configmaps",
    type: { apiVersion: "v1", kind: "ConfigMap" },
    isBuiltIn: true,
    content: (pick) => ({ data: data(pick) }),
    change: (pick) =>
      pick<object>([{ data: data(pick) }, { data: null }, { data: { a: null } }, { binaryData: { x: "AA==" } }]),
  },
  {
    path: "/apis/apps/v1/namespaces/NS/replicasets",
    type: { apiVersion: "apps/v1", kind: "ReplicaSet" },
    isBuiltIn: true,
    content: (pick) => ({
      spec: {
        ...pick([{}, { replicas: pick([0, 1, 2]) }]),
        selector: { matchLabels: { app: "x" } },
        template: template(pick, "x"),
      },
    }),
    change: (pick) =>
      pick<object>([
        { spec: { replicas: pick([0, 1, 2, 3]) } },
        { spec: { minReadySeconds: pick([1, 2]) } },
        { spec: { template: template(pick, pick(["x", "x", "y"])) } },
        { status: { replicas: pick([1, 2]), readyReplicas: pick([0, 1]) } },
      ]),
  },
  {
    path: "/apis/modelwright.dev/v1alpha1/namespaces/NS/modeldeployments",
    type: { apiVersion: "modelwright.dev/v1alpha1", kind: "ModelDeployment" },
    isBuiltIn: false,
    content: (pick) => ({
      spec: {
        model: { source: source(pick) },
        ...pick([{}, { replicas: pick([0, 1, 2]) }, { suspend: pick([true, false]) }]),
      },
    }),
    change: (pick) =>
      pick<object>([
        { spec: { replicas: pick([0, 1, 2, 3]) } },
        { spec: { suspend: pick([true, false, null]) } },
        { spec: { scheduling: { nodeSelector: { disk: pick(["ssd", "hdd"]) } } } },
        { spec: { model: { source: source(pick) } } },
        { status: { observedGeneration: pick([1, 2]), conditions: conditions(pick) } },
      ]),
  },
  {
    path: "/apis/policy/v1/namespaces/NS/poddisruptionbudgets",
    type: { apiVersion: "policy/v1", kind: "PodDisruptionBudget" },
    isBuiltIn: true,
    content: (pick) => ({
      spec: { minAvailable: pick([1, "50%"]), selector: { matchLabels: { app: pick(["x", "y"]) } } },
    }),
    change: (pick) =>
      pick<object>([
        { spec: { minAvailable: pick([1, 2, "10%"]) } },
        { spec: { selector: { matchLabels: { app: pick(["x", "y"]) } } } },
      ]),
  },
  {
    path: "/api/v1/namespaces/NS/services",
    type: { apiVersion: "v1", kind: "Service" },
    isBuiltIn: true,
    content: (pick) => ({
      spec: { ports: servicePorts(pick), ...pick([{}, { selector: { app: pick(["x", "y"]) } }]) },
    }),
    change: (pick) =>
      pick<object>([
        { spec: { ports: servicePorts(pick) } },
        { spec: { selector: pick([null, { app: "z" }]) } },
        { spec: { sessionAffinity: "None" } },
      ]),
  },
  {
    path: "/apis/discovery.k8s.io/v1/namespaces/NS/endpointslices",
    type: { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" },
    isBuiltIn: true,
    content: (pick) => ({ addressType: "IPv4", endpoints: endpoints(pick), ports: slicePorts(pick) }),
    change: (pick) => ({ endpoints: endpoints(pick), ports: slicePorts(pick) }),
  },
  {
    path: "/api/v1/namespaces/NS/secrets",
    type: { apiVersion: "v1", kind: "Secret" },
    isBuiltIn: true,
    content: (pick) => pick([{ data: { a: "MQ==" } }, { stringData: { b: pick(["1", "2"]) } }]),
    change: (pick) => pick<object>([{ data: { a: pick(["MQ==", null]) } }, { stringData: { c: "3" } }]),
  },
  {
    path: "/apis/coordination.k8s.io/v1/namespaces/NS/leases",
    type: { apiVersion: "coordination.k8s.io/v1", kind: "Lease" },
    isBuiltIn: true,
    content: (pick) => ({ spec: { holderIdentity: pick(["me", "you"]), leaseDurationSeconds: pick([10, 15]) } }),
    change: (pick) =>
      pick<object>([{ spec: { holderIdentity: pick(["me", null]) } }, { spec: { leaseTransitions: pick([1, 2]) } }]),
  },
  {
    path: "/api/v1/namespaces/NS/serviceaccounts",
    type: { apiVersion: "v1", kind: "ServiceAccount" },
    isBuiltIn: true,
    content: (pick) => pick([{}, { automountServiceAccountToken: pick([true, false]) }]),
    change: (pick) => ({ automountServiceAccountToken: pick([true, false, null]) }),
  },
];
