import type { StoredObject } from "./store.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A new object with the defaults and initial status of a real API server. */
export function defaulted(object: StoredObject): StoredObject {
  return withDefaults[object.kind]?.(object) ?? object;
}

const probe = { successThreshold: 1, timeoutSeconds: 1 };
const podDefaults = { restartPolicy: "Always", dnsPolicy: "ClusterFirst", schedulerName: "default-scheduler" };
let addresses = 0;

const withDefaults: Readonly<Record<string, (object: StoredObject) => StoredObject>> = {
  ModelDeployment: (object) => ({ ...object, status: { observedGeneration: -1 } }),
  ReplicaSet: (object) => {
    const { template, ...spec } = fields(object["spec"]);
    const { metadata, spec: pod } = fields(template);
    const complete = { metadata: { creationTimestamp: null, ...fields(metadata) }, spec: defaultedPod(fields(pod)) };
    return { ...object, spec: { ...spec, template: complete }, status: { replicas: 0 } };
  },
  Service: (object) => {
    addresses += 1;
    const address = `10.${96 + (addresses >> 16)}.${(addresses >> 8) & 255}.${addresses & 255}`;
    const family = { ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack", internalTrafficPolicy: "Cluster" };
    const spec = { clusterIP: address, clusterIPs: [address], ...family, sessionAffinity: "None" };
    return { ...object, spec: { ...fields(object["spec"]), ...spec }, status: { loadBalancer: {} } };
  },
  PodDisruptionBudget: (object) => {
    const counts = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
    const [type, status, reason] = ["DisruptionAllowed", "False", "InsufficientPods"];
    const at = { lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1 };
    const conditions = [{ type, status, reason, message: "", ...at }];
    return { ...object, status: { ...counts, observedGeneration: 1, conditions } };
  },
};

function defaultedPod(spec: Fields): Fields {
  const containers = list(spec["containers"]).map((container) => ({
    ...container,
    imagePullPolicy: "IfNotPresent",
    startupProbe: defaultedProbe(container["startupProbe"]),
    readinessProbe: defaultedProbe(container["readinessProbe"]),
    livenessProbe: defaultedProbe(container["livenessProbe"]),
  }));
  return { ...spec, ...podDefaults, containers, serviceAccount: spec["serviceAccountName"] };
}

function defaultedProbe(value: unknown): Fields {
  const { httpGet, ...rest } = fields(value);
  return { ...probe, ...rest, httpGet: { scheme: "HTTP", ...fields(httpGet) } };
}

/** The fields of a JSON object; none of other values. */
export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {}; // a JSON object
}

/** The entries of a JSON list; none of other values. */
export function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}
