import { join } from "node:path";

import { readYaml } from "../../../crds/schema/yaml.ts";
import type { KubeObject } from "../../../operator/kube/kinds.ts";
import { capture, type CommandResult } from "../../cluster/launch/kubectl.ts";
import { toolPath } from "../tool.ts";

export const chartFolder = join(import.meta.dirname, "../../../charts/modelwright");
export const releaseNamespace = "modelwright-system";

/** Nulls, by which Helm removes defaults: for each value of a workload that is neither a number nor a boolean. */
const nothing = {
  resources: null,
  nodeSelector: null,
  tolerations: null,
  affinity: null,
  topologySpreadConstraints: null,
  priorityClassName: null,
  podLabels: null,
  podAnnotations: null,
  extraArgs: null,
  extraEnv: null,
  serviceAccount: { annotations: null },
};

/** Sets of values, by a phrase that says what they are for. */
export const variants: Readonly<Record<string, object>> = {
  "with defaults": {},
  "with Roles only, for one namespace": { watchNamespace: "models" },
  "with Roles only, for its own namespace": { watchNamespace: releaseNamespace },
  "without the CustomResourceDefinition": { crds: { enabled: false } },
  "with models behind the gateway": {
    gatewayApi: { enabled: true },
    networkPolicy: {
      modelNamespaces: ["team-a", "team-b"],
      directClients: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "envoy" } } }],
      scrapers: [{ namespaceSelector: { matchLabels: { name: "monitoring" } } }],
    },
  },
  "with a CustomResourceDefinition that is deleted with the release": { crds: { keep: false } },
  "with the Gateway API": { gatewayApi: { enabled: true } },
  "on OpenShift": { rbac: { openshift: true } },
  "without optional parts": {
    networkPolicy: { enabled: false },
    podDisruptionBudget: { enabled: false },
    rbac: { aggregate: false },
  },
  "scraped by Prometheus": {
    serviceMonitor: { enabled: true, interval: "10s", labels: { prometheus: "main" } },
    networkPolicy: { scrapers: [{ namespaceSelector: { matchLabels: { name: "monitoring" } } }] },
  },
  "with settings of a large installation": {
    commonLabels: { "example.com/cost-center": "ml" },
    operator: {
      extraArgs: ["--log-level", "warn"],
      extraEnv: [{ name: "NODE_OPTIONS", value: "--max-old-space-size=256" }],
      serviceAccount: { annotations: { "example.com/identity": "operator" } },
    },
    gateway: {
      autoscaling: { enabled: true, minReplicas: 4, maxReplicas: 40, targetCPU: 60 },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway" },
      ],
      service: { type: "LoadBalancer", spec: { loadBalancerClass: "example.com/internal" } },
    },
    image: { pullSecrets: [{ name: "registry" }] },
    models: { pullSecrets: [{ name: "registry" }, { name: "mirror" }] },
    networkPolicy: {
      apiServer: [{ ipBlock: { cidr: "10.96.0.1/32" } }],
      dns: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } }],
    },
    serviceMonitor: { enabled: true, scrapeTimeout: "5s", metricRelabelings: [{ action: "labeldrop", regex: "pod" }] },
    podMonitor: { enabled: true, interval: "15s", labels: { prometheus: "main" } },
    prometheusRule: { enabled: true, labels: { prometheus: "main" } },
    grafanaDashboard: { enabled: true, labels: { team: "ml" } },
  },
  "with every nullable value null": {
    commonLabels: null,
    image: { pullSecrets: null },
    operator: nothing,
    gateway: { ...nothing, service: { annotations: null, spec: null } },
    models: { pullSecrets: null },
    networkPolicy: { apiServer: null, dns: null, clients: null, scrapers: null, directClients: null },
    serviceMonitor: { enabled: true, labels: null, relabelings: null, metricRelabelings: null },
    podMonitor: { enabled: true, labels: null, relabelings: null, metricRelabelings: null },
    prometheusRule: { enabled: true, labels: null },
    grafanaDashboard: { enabled: true, labels: null },
  },
  "with RBAC objects and ServiceAccounts that others install": {
    rbac: { create: false },
    operator: { serviceAccount: { create: false } },
    gateway: { serviceAccount: { create: false } },
  },
  "with all other values set": {
    image: { pullPolicy: "Always", pullSecrets: [{ name: "registry" }] },
    operator: {
      replicas: 1,
      logLevel: "debug",
      priorityClassName: "system-cluster-critical",
      podLabels: { team: "ml" },
    },
    gateway: {
      replicas: 3,
      nodeSelector: { pool: "edge" },
      tolerations: [{ key: "edge", operator: "Exists" }],
      affinity: { nodeAffinity: {} },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "topology.kubernetes.io/zone",
          whenUnsatisfiable: "DoNotSchedule",
          labelSelector: { matchLabels: { "app.kubernetes.io/component": "gateway" } },
        },
      ],
      podAnnotations: { "example.com/note": "1" },
      service: { type: "LoadBalancer", annotations: { "example.com/class": "internal" } },
      drainDelayMs: 600000,
      terminationGraceSeconds: 700,
    },
    models: { drainDelayMs: 1000000, terminationGraceSeconds: 1100 },
    networkPolicy: { apiServerPorts: [16443], clients: [{ namespaceSelector: {} }] },
  },
};

/** Output of `helm template` for these values, including hooks. */
export async function template(values: object, more: readonly string[] = []): Promise<CommandResult> {
  const place = ["--namespace", releaseNamespace, "--kube-version", "1.37.2"];
  const args = ["template", "modelwright", chartFolder, ...place, ...more, "--values", "-"];
  return capture(await toolPath("helm"), args, JSON.stringify(values));
}

/** The objects that the chart renders to. Throws when it fails to render. */
export async function rendered(values: object, more: readonly string[] = []): Promise<readonly KubeObject[]> {
  const { code, stdout, stderr } = await template(values, more);
  if (code !== 0) throw new Error(stderr);
  return readYaml(stdout, "helm template") as readonly KubeObject[]; // a chart renders objects only
}
