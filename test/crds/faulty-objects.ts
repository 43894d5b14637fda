/** An object with one invalid, or unusual but valid, field. */
export interface FaultyObject {
  /** The change, such as `spec.replicas = -1`. */
  readonly change: string;
  readonly object: Readonly<Record<string, unknown>>;
}

type Path = readonly (string | number)[];

const digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

/** A spec with every field set and one of three sources. */
export const wholeSpec = {
  model: {
    name: "churn",
    source: { http: { url: "https://models.example.com/churn.keras", sha256: digest } },
    format: "Keras",
    digest: `sha256:${digest}`,
    versions: { specific: { numbers: [1, 3] } },
    signatureCompatibility: "Allow",
  },
  replicas: 2,
  rollout: {
    canary: {
      steps: [{ setWeight: 10 }, { pause: { duration: "5m" } }, { analyze: { duration: "1m", minimumRequests: 100 } }],
      maxSurge: "25%",
      maxUnavailable: 0,
    },
    capacity: "Auto",
    analysis: {
      interval: "10s",
      minimumRequests: 50,
      errorRate: { maxIncrease: 1 },
      latency: { quantile: 0.95, maxIncrease: 50 },
      predictionDiff: {
        golden: { configMap: { name: "golden", key: "requests.jsonl" }, tolerance: 0.001 },
        shadow: { percent: 5, tolerance: 0.01, maxDivergence: 1 },
      },
    },
    progressDeadline: "10m",
    revisionHistoryLimit: 2,
  },
  resources: { cpu: "500m", memory: 1_073_741_824, gpu: { count: 1, resource: "nvidia.com/gpu", products: ["L4"] } },
  scheduling: {
    nodeSelector: { "example.com/pool": "inference" },
    tolerations: [{ key: "pool", operator: "Equal", value: "a", effect: "NoExecute", tolerationSeconds: 30 }],
    priorityClassName: "online",
    runtimeClassName: "nvidia",
    schedulerName: "default-scheduler",
    topologySpread: [{ topologyKey: "kubernetes.io/hostname", maxSkew: 1, whenUnsatisfiable: "DoNotSchedule" }],
    affinity: { podAntiAffinity: {} },
  },
  serving: {
    engine: "TensorFlowJs",
    batching: { maxSize: 8, maxDelay: "2ms" },
    limits: { bodyBytes: 1_048_576, queue: 16, timeout: "1m30s" },
    warmup: { mode: "Generated", requests: ['{"instances":[[1]]}'] },
    logging: { level: "Info" },
  },
  traffic: {
    path: "Gateway",
    hostnames: ["models.example.com"],
    httpRoute: { parentRefs: [{ name: "public", namespace: "gateways", sectionName: "https" }] },
    sticky: { header: "x-user-id" },
    mirror: { percent: 10 },
  },
  autoscaling: {
    min: 0,
    max: 4,
    class: "Strict",
    concurrencyPerReplica: 8,
    latencyObjective: "250ms",
    scaleDownDelay: "5m",
    schedules: [{ name: "day", start: "0 8 * * MON-FRI", duration: "10h", timezone: "Europe/Berlin", min: 2 }],
  },
  podOverlay: {
    labels: { "kueue.x-k8s.io/queue-name": "models" },
    annotations: { "sidecar.istio.io/inject": "false" },
    serviceAccountName: "reader",
    imagePullSecrets: [{ name: "registry" }],
    env: [
      { name: "HTTPS_PROXY", value: "http://proxy:3128" },
      { name: "TOKEN", valueFrom: { secretKeyRef: { name: "keys", key: "token", optional: true } } },
    ],
    volumes: [{ name: "ca", configMap: { name: "ca", optional: true } }],
    volumeMounts: [{ name: "ca", mountPath: "/etc/ca", subPath: "x", readOnly: true }],
    securityContext: { runAsUser: 1000, runAsGroup: 0, fsGroup: 0, supplementalGroups: [100] },
  },
  suspend: false,
};

const otherSources: readonly unknown[] = [
  { persistentVolumeClaim: { claimName: "models", path: "churn/3" } },
  { configMap: { name: "churn", key: "churn.keras" } },
];

const long = "a".repeat(2100);
const oddTexts = ["", "x y", '../é\u0001"<', long, "Auto", "0s", "999h", "1Gi", "2024-02-30T25:00:00Z"];
const oddScalars = [0, -1, 1, 1.5, 3_000_000_000, true, null];
const oddParts = [[], ["a", "a"], [{}], [null], {}, { "x y": 1 }];
const replacements: readonly unknown[] = [...oddTexts, ...oddScalars, ...oddParts];

const wholeRevision = {
  revision: "6c9f8d7b5",
  version: "3",
  digest: `sha256:${digest}`,
  replicas: 2,
  ready: 1,
  weight: 90,
};

/** A status with every field set. */
export const wholeStatus = {
  observedGeneration: 3,
  conditions: ["Ready", "Available"].map((type) => ({
    type,
    status: "True",
    observedGeneration: 3,
    lastTransitionTime: "2024-11-03T10:00:00Z",
    reason: "AsDeclared",
    message: "Revision 6c9f8d7b5 serves.",
  })),
  stable: wholeRevision,
  candidate: { revision: "7d8e9f0a1", weight: 10 },
  step: 1,
  rollout: {
    strategy: "Canary",
    steps: 4,
    stepName: "analyze",
    startedAt: "2024-11-03T10:00:00Z",
    stepStartedAt: "2024-11-03T10:01:00Z",
    progressedAt: "2024-11-03T10:01:00Z",
    paused: false,
    analysis: {
      verdict: "None",
      message: "12 of 50 requests",
      requests: 12,
      stableRequests: 120,
      divergence: { compared: 12, differing: 0, maxAbsolute: "0.001", meanAbsolute: "0.0001", topOneAgreement: "100" },
    },
    answered: { promote: "1", promoteFull: "2", abort: "3", retry: "4" },
  },
  autoscaling: { desired: 3, why: "load 17.2", signal: "17.2", serviceTime: "1.5s", startTime: "95s" },
  replicas: 3,
  selector: "modelwright.dev/name=churn",
  url: "http://churn.default.svc:8501",
  gateway: { port: 8701 },
  model: { signature: "x: float32[-1,4]", format: "Keras", bytes: 44_064, engine: "TensorFlowJs/wasm", digest },
  capacity: { mode: "Surge", why: "A GPU is free." },
  failedRevisions: [{ revision: "5b4a39281", reason: "DigestMismatch", message: "The file is another one." }],
};

/** Faulty statuses, made in the same way. */
export function faultyStatuses(): readonly { readonly change: string; readonly status: unknown }[] {
  const [first, second] = wholeStatus.conditions;
  return [
    ...[...paths(wholeStatus)].flatMap((path) => changesAt("status", wholeStatus, path)),
    { change: "two conditions of a type", changed: { ...wholeStatus, conditions: [first, second, first] } },
    { change: "status = []", changed: [] },
  ].map(({ change, changed }) => ({ change, status: changed }));
}

/** Variants of a complete ModelDeployment: one field replaced by an unusual value, removed, or joined by an unknown field. */
export function faultyObjects(): readonly FaultyObject[] {
  const specs = [wholeSpec, ...otherSources.map((source) => ({ model: { source } }))];
  const names = ["churn", "9churn", "churn.v2", "a-", "Churn", "é", "a".repeat(53), "a".repeat(52), "a".repeat(254)];
  return [
    ...specs.flatMap((spec) => [...paths(spec)].flatMap((path) => changesAt("spec", spec, path))).map(asObject),
    ...names.map((name) => ({ change: `metadata.name = ${name}`, object: modelDeployment(wholeSpec, name) })),
    { change: "two complaints", object: modelDeployment({ model: { source: {}, digest: "x" }, replicas: -1 }) },
    { change: "no spec", object: withoutSpec() },
    { change: "wrong kind of spec", object: modelDeployment([]) },
  ];
}

/** A ModelDeployment with this spec. */
export function modelDeployment(spec: unknown, name = "churn"): Readonly<Record<string, unknown>> {
  return { apiVersion: "modelwright.dev/v1alpha1", kind: "ModelDeployment", metadata: { name }, spec };
}

function asObject({ change, changed }: Change): FaultyObject {
  return { change, object: modelDeployment(changed) };
}

function withoutSpec(): Readonly<Record<string, unknown>> {
  const { spec: _, ...rest } = modelDeployment(undefined);
  return rest;
}

function* paths(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const inside = [...path, Array.isArray(value) ? Number(name) : name];
    yield inside;
    yield* paths(member, inside);
  }
}

interface Change {
  readonly change: string;
  readonly changed: unknown;
}

function changesAt(root: string, value: unknown, path: Path): Change[] {
  const where = `${root}.${path.join(".")}`;
  const replaced = replacements.map((replacement) => ({
    change: `${where} = ${JSON.stringify(replacement).slice(0, 40)}`,
    changed: changed(value, path, replacement),
  }));
  const strayPath = [...path.slice(0, -1), "stray"];
  return [
    ...replaced,
    { change: `${where} removed`, changed: changed(value, path, undefined) },
    { change: `stray beside ${where}`, changed: changed(value, strayPath, { a: 1 }) },
  ];
}

function changed(value: unknown, path: Path, replacement: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return replacement;
  if (Array.isArray(value)) {
    if (name === "stray") return [...value, replacement];
    const items = value.map((item: unknown, index) => (index === name ? changed(item, rest, replacement) : item));
    return items.filter((item) => item !== undefined);
  }
  const members = { ...Object(value) };
  const inside = changed(members[name], rest, replacement);
  if (inside === undefined) delete members[name];
  else members[name] = inside;
  return members;
}
