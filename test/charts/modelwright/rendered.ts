import { join } from "node:path";

import { readYaml } from "../../../crds/schema/yaml.ts";
import type { KubeObject } from "../../../operator/kube/kinds.ts";
import { capture, type CommandResult } from "../../cluster/launch/kubectl.ts";
import { toolPath } from "../tool.ts";

export const chartFolder = join(import.meta.dirname, "../../../charts/modelwright");
export const releaseNamespace = "modelwright-system";

/** Helm takes a default back so: of a workload each that is no number and no flag. */
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

/** Values by a sentence that says what they are for. */
export const variants: Readonly<Record<string, object>> = {
  "as it comes": {},
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
  "with a CustomResourceDefinition that goes with the release": { crds: { keep: false } },
  "with the Gateway API": { gatewayApi: { enabled: true } },
  "on OpenShift": { rbac: { openshift: true } },
  "without what a cluster may not want": {
    networkPolicy: { enabled: false },
    podDisruptionBudget: { enabled: false },
    rbac: { aggregate: false },
  },
  "scraped by Prometheus": {
    serviceMonitor: { enabled: true, interval: "10s", labels: { prometheus: "main" } },
    networkPolicy: { scrapers: [{ namespaceSelector: { matchLabels: { name: "monitoring" } } }] },
  },
  "with what a large installation sets": {
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
  "with everything null that may be": {
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
  "with rights and accounts that somebody else installs": {
    rbac: { create: false },
    operator: { serviceAccount: { create: false } },
    gateway: { serviceAccount: { create: false } },
  },
  "with everything else set": {
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

/** What `helm template` prints for these values, its hooks included. */
export async function template(values: object, more: readonly string[] = []): Promise<CommandResult> {
  const place = ["--namespace", releaseNamespace, "--kube-version", "1.37.2"];
  const args = ["template", "modelwright", chartFolder, ...place, ...more, "--values", "-"];
  return capture(await toolPath("helm"), args, JSON.stringify(values));
}

/** The objects that a chart renders to. Throws when it does not. */
export async function rendered(values: object, more: readonly string[] = []): Promise<readonly KubeObject[]> {
  const { code, stdout, stderr } = await template(values, more);
  if (code !== 0) throw new Error(stderr);
  return readYaml(stdout, "helm template") as readonly KubeObject[]; // a chart renders objects only
}
