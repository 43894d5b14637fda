import { applyPatch, jsonPatch, mergePatch, strategicPatch, type Step } from "./trace.ts";

/** Numbers in [0, 1) that a seed determines (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Kind {
  readonly path: string;
  readonly type: { readonly apiVersion: string; readonly kind: string };
  readonly isBuiltIn: boolean;
  /** Some content, complete enough to be accepted most of the time. */
  content(pick: Pick): object;
  /** A piece of content for a patch. */
  piece(pick: Pick): object;
}

type Pick = <Item>(items: readonly Item[]) => Item;

const metadataPiece = (pick: Pick) =>
  pick([
    {},
    { labels: { color: pick(["red", "blue"]) } },
    { labels: { color: "red", size: pick(["1", "2"]) } },
    { annotations: { note: pick(["a", "b"]) } },
    { labels: null },
    { finalizers: pick([[], ["example.test/hold"], ["example.test/hold", "example.test/more"]]) },
  ]);

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

const kinds: readonly Kind[] = [
  {
    path: "/api/v1/namespaces/NS/configmaps",
    type: { apiVersion: "v1", kind: "ConfigMap" },
    isBuiltIn: true,
    content: (pick) => ({ data: data(pick) }),
    piece: (pick) =>
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
    piece: (pick) =>
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
    piece: (pick) =>
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
    piece: (pick) =>
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
    piece: (pick) =>
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
    piece: (pick) => ({ endpoints: endpoints(pick), ports: slicePorts(pick) }),
  },
  {
    path: "/api/v1/namespaces/NS/secrets",
    type: { apiVersion: "v1", kind: "Secret" },
    isBuiltIn: true,
    content: (pick) => pick([{ data: { a: "MQ==" } }, { stringData: { b: pick(["1", "2"]) } }]),
    piece: (pick) => pick<object>([{ data: { a: pick(["MQ==", null]) } }, { stringData: { c: "3" } }]),
  },
  {
    path: "/apis/coordination.k8s.io/v1/namespaces/NS/leases",
    type: { apiVersion: "coordination.k8s.io/v1", kind: "Lease" },
    isBuiltIn: true,
    content: (pick) => ({ spec: { holderIdentity: pick(["me", "you"]), leaseDurationSeconds: pick([10, 15]) } }),
    piece: (pick) =>
      pick<object>([{ spec: { holderIdentity: pick(["me", null]) } }, { spec: { leaseTransitions: pick([1, 2]) } }]),
  },
  {
    path: "/api/v1/namespaces/NS/serviceaccounts",
    type: { apiVersion: "v1", kind: "ServiceAccount" },
    isBuiltIn: true,
    content: (pick) => pick([{}, { automountServiceAccountToken: pick([true, false]) }]),
    piece: (pick) => ({ automountServiceAccountToken: pick([true, false, null]) }),
  },
];

/** A random trace over few objects, so that its requests meet each other. */
export function randomSteps(seed: number, count: number): readonly Step[] {
  const random = randomNumbers(seed);
  const pick: Pick = (items) => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  };
  return Array.from({ length: count }, () => randomStep(pick));
}

// The real server creates a Service through its status, without an address: a fault that the model doesn't share.
const statusOf = ({ type }: Kind): string => (type.kind === "Service" ? "" : "/status");

function randomStep(pick: Pick): Step {
  const kind = pick(kinds);
  const name = pick(["a", "b"]);
  const path = `${kind.path}/${name}`;
  const metadata = {
    name,
    ...pick([{}, {}, { labels: { color: pick(["red", "blue"]) } }, { annotations: { note: pick(["a", "b"]) } }]),
  };
  const query = pick(["", "", "", "?dryRun=All", "?fieldManager=writer"]);
  const version = query === "?dryRun=All" ? {} : pick([{}, { resourceVersion: "RV" }]);
  return pick<() => Step>([
    () => ({ method: "POST", path: `${kind.path}${query}`, body: { ...kind.type, metadata, ...kind.content(pick) } }),
    () => ({
      method: "PUT",
      path: `${path}${query}`,
      body: {
        ...kind.type,
        metadata: { ...metadata, ...version },
        ...kind.content(pick),
      },
    }),
    () => randomApply(pick, kind, { path, name }),
    () => randomApply(pick, kind, { path, name }),
    () => randomApply(pick, kind, { path, name }),
    () => ({
      method: "PATCH",
      path: `${path}${query}`,
      body: { metadata: metadataPiece(pick), ...kind.piece(pick) },
      type: pick([mergePatch, mergePatch, strategicPatch]),
    }),
    () => ({ method: "PATCH", path: `${path}${statusOf(kind)}`, body: kind.piece(pick), type: mergePatch }),
    () => ({
      method: "PATCH",
      path,
      body: [
        {
          op: pick(["add", "replace", "test", "remove"]),
          path: "/metadata/labels/color",
          value: pick(["red", "green"]),
        },
      ],
      type: jsonPatch,
    }),
    () => ({ method: "PATCH", path: `${path}/scale`, body: { spec: { replicas: pick([1, 2, 4]) } }, type: mergePatch }),
    () => ({ method: "GET", path: pick([path, `${path}/scale`]) }),
    () => ({
      method: "GET",
      path: `${kind.path}?${pick(["limit=1", "labelSelector=color%3Dred", "labelSelector=color", "fieldSelector=metadata.name%3Da", ""])}`,
    }),
    () => ({
      method: "DELETE",
      path,
      ...pick<object>([
        {},
        {},
        { body: { propagationPolicy: pick(["Background", "Foreground", "Orphan"]) } },
        { body: { preconditions: { resourceVersion: "RV" } } },
      ]),
    }),
  ])();
}

function randomApply(pick: Pick, kind: Kind, { path, name }: { readonly path: string; readonly name: string }): Step {
  const metadata = {
    name,
    ...pick([{}, {}, { labels: { color: pick(["red", "blue"]) } }, { annotations: { note: pick(["a", "b"]) } }]),
  };
  const isStatus = pick([false, false, false, true]);
  const content = isStatus ? kind.piece(pick) : pick([kind.content(pick), kind.content(pick), kind.piece(pick)]);
  const query = `fieldManager=${pick(["one", "two", "kubectl"])}&force=${pick(["true", "false"])}`;
  return {
    method: "PATCH",
    path: `${path}${isStatus ? statusOf(kind) : ""}?${query}`,
    body: { ...kind.type, metadata, ...content },
    type: applyPatch,
  };
}
