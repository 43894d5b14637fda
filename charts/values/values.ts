import { Type, type TSchema } from "typebox";

/** Members that Kubernetes defines: its API server checks them. As all lists and maps, it may be set to null: no default, none. */
function kubernetes(description: string, assumed: object): TSchema {
  return Type.Optional(
    Array.isArray(assumed)
      ? Type.Array(Type.Object({}, { additionalProperties: true }), { description, default: assumed })
      : Type.Object({}, { description, default: assumed, additionalProperties: true }),
  );
}

/** Keys that are the chart's. */
function reserved(keys: readonly string[]): Readonly<Record<string, TSchema>> {
  return Object.fromEntries(keys.map((key) => [key, Type.Optional(Type.Unsafe({ not: {} }))]));
}

const ownLabels = [
  ...["name", "instance", "version", "managed-by", "component"].map((name) => `app.kubernetes.io/${name}`),
  "helm.sh/chart",
];

/** Labels beside the chart's own. */
function moreLabels(description: string): TSchema {
  return texts(description, reserved(ownLabels));
}

function texts(description: string, members: Readonly<Record<string, TSchema>> = {}): TSchema {
  return Type.Optional(Type.Object(members, { description, default: {}, additionalProperties: { type: "string" } }));
}

function pullSecrets(description: string): TSchema {
  const name = Type.String({ pattern: "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$" });
  const secret = Type.Object({ name }, { additionalProperties: false });
  return Type.Optional(Type.Array(secret, { description, default: [] }));
}

function text(description: string, assumed: string, keywords: object = {}): TSchema {
  return Type.String({ description, default: assumed, ...keywords });
}

function flag(description: string, assumed: boolean): TSchema {
  return Type.Boolean({ description, default: assumed });
}

function count(description: string, assumed: number, [minimum, maximum]: readonly [number, number]): TSchema {
  return Type.Integer({ description, default: assumed, minimum, maximum });
}

function section(description: string, members: Readonly<Record<string, TSchema>>): TSchema {
  return Type.Object(members, { description, additionalProperties: false });
}

const image = { pattern: "^[^\\s]+$" };
const logLevel = ["debug", "info", "warn", "error", "silent"];
const pullPolicies = ["Always", "IfNotPresent", "Never"];
const hourMs = 3_600_000;

/** Arguments and variables that this chart has no value for. */
function more(what: string): Readonly<Record<string, TSchema>> {
  const args = { description: `More arguments of the ${what}.`, default: [] };
  return {
    extraArgs: Type.Optional(Type.Array(Type.String(), args)),
    extraEnv: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Type.String({ minLength: 1 }),
            value: Type.Optional(Type.String()),
            valueFrom: Type.Optional(Type.Object({}, { additionalProperties: true })),
          },
          { additionalProperties: false },
        ),
        {
          description: `More environment variables of the ${what}, as {name, value} or {name, valueFrom} each.`,
          default: [],
        },
      ),
    ),
  };
}

const amounts = Type.Optional(Type.Object({}, { additionalProperties: { type: ["string", "number"] } }));

function workload(what: string, resources: object): Readonly<Record<string, TSchema>> {
  return {
    replicas: count(`Pods of the ${what}.`, 2, [1, 100]),
    logLevel: Type.Enum(logLevel, { description: `What the ${what} logs.`, default: "info" }),
    resources: Type.Optional(
      Type.Object(
        { requests: amounts, limits: amounts, claims: Type.Optional(Type.Array(Type.Unknown())) },
        { description: "Requests and limits of the container.", default: resources, additionalProperties: false },
      ),
    ),
    nodeSelector: kubernetes("Labels that a node must have.", {}),
    tolerations: kubernetes("Taints of nodes that do not matter.", []),
    affinity: kubernetes("Affinity of the pods; empty: rather on different nodes and in different zones.", {}),
    topologySpreadConstraints: kubernetes(
      "How the pods are spread; one without labelSelector gets that of these pods.",
      [],
    ),
    priorityClassName: Type.Optional(text("Priority class of the pods.", "")),
    podLabels: moreLabels("More labels of the pods."),
    podAnnotations: texts("Annotations of the pods."),
    serviceAccount: section("Account of the pods; its name is fixed.", {
      create: flag("Install it; otherwise it has to be there.", true),
      annotations: texts("Annotations of the account."),
    }),
    ...more(what),
  };
}

const scraping: Readonly<Record<string, TSchema>> = {
  interval: text("How often metrics are read.", "30s", { pattern: "^([0-9]+(ms|s|m|h))+$" }),
  scrapeTimeout: text("How long one reading may take.", "10s", { pattern: "^([0-9]+(ms|s|m|h))+$" }),
  labels: moreLabels("Labels by which a Prometheus selects it."),
  relabelings: kubernetes("Relabelings of targets.", []),
  metricRelabelings: kubernetes("Relabelings of metrics.", []),
};

/** What the chart can be told: values.yaml, values.schema.json and the table in its README are printed from it. */
export const values: TSchema = section("Values of the Modelwright chart", {
  global: Type.Optional(Type.Object({}, { description: "Of a chart that has this one as a part; not read." })),
  image: section("Images.", {
    operator: text("Image of the operator.", "localhost/modelwright/operator:dev", image),
    runtime: text("Image of the runtime, which is the gateway's too.", "localhost/modelwright/runtime:dev", image),
    pullPolicy: Type.Enum(pullPolicies, { description: "When images are pulled.", default: "IfNotPresent" }),
    pullSecrets: pullSecrets("Secrets to pull the images of operator and gateway with, as [{name: …}]."),
  }),
  commonLabels: moreLabels("More labels of every object; none that the chart sets."),
  watchNamespace: text(
    "The only namespace whose ModelDeployments are looked after, with Roles only; empty: all, with ClusterRoles.",
    "",
    { pattern: "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$", maxLength: 63 },
  ),
  crds: section("The CustomResourceDefinition.", {
    enabled: flag("Install and upgrade it with the release.", true),
    keep: flag("Keep it, and with it every ModelDeployment, when the release is uninstalled.", true),
  }),
  operator: section(
    "The operator: one pod leads, the others stand by.",
    workload("operator", {
      requests: { cpu: "50m", memory: "96Mi", "ephemeral-storage": "16Mi" },
      limits: { cpu: "1", memory: "384Mi", "ephemeral-storage": "128Mi" },
    }),
  ),
  gateway: section("The gateway: every request to a model passes one of its pods.", {
    ...workload("gateway", {
      requests: { cpu: "100m", memory: "128Mi", "ephemeral-storage": "16Mi" },
      limits: { cpu: "2", memory: "512Mi", "ephemeral-storage": "128Mi" },
    }),
    autoscaling: section("A HorizontalPodAutoscaler instead of a number of pods; needs the metrics server.", {
      enabled: flag("Install it.", false),
      minReplicas: count("Pods at least.", 2, [1, 100]),
      maxReplicas: count("Pods at most.", 10, [1, 1_000]),
      targetCPU: count("Percent of the requested CPU that pods are to use on average.", 70, [1, 100]),
    }),
    service: section("The shared front: all models at one address, chosen by path, host or header.", {
      type: Type.Enum(["ClusterIP", "NodePort", "LoadBalancer"], {
        description: "Type of the Service.",
        default: "ClusterIP",
      }),
      annotations: texts("Annotations of the Service."),
      spec: Type.Optional(
        Type.Object(reserved(["type", "ports", "selector"]), {
          description: "More of its spec, as loadBalancerClass, externalTrafficPolicy or ipFamilyPolicy.",
          default: {},
          additionalProperties: true,
        }),
      ),
    }),
    drainDelayMs: count("Milliseconds that a gateway which is to stop still takes requests.", 5_000, [0, hourMs / 6]),
    terminationGraceSeconds: count("Seconds after which a gateway that still answers is killed.", 90, [1, 3_600]),
  }),
  models: section("Pods of models.", {
    pullSecrets: pullSecrets(
      "Secrets to pull the runtime's image with, as [{name: …}]; each namespace with models needs them.",
    ),
    drainDelayMs: count("Milliseconds that a pod without traffic lives on.", 5_000, [0, hourMs]),
    terminationGraceSeconds: count("Seconds after which a pod that still answers is killed.", 30, [1, 3_600]),
  }),
  rbac: section("Rights.", {
    create: flag("Install Roles and bindings; otherwise they have to be there.", true),
    aggregate: flag(
      "Let view, edit and admin (the ClusterRoles) include ModelDeployments; not with watchNamespace.",
      true,
    ),
    openshift: flag("Also grant what OpenShift's admission asks for: finalizers, addresses in EndpointSlices.", false),
  }),
  gatewayApi: section("The Gateway API, for spec.traffic.httpRoute.", {
    enabled: flag("Grant the operator HTTPRoutes; their definition has to be installed.", false),
  }),
  networkPolicy: section("NetworkPolicies: nothing is open to operator and gateway but what they need.", {
    enabled: flag("Install them.", true),
    apiServerPorts: Type.Array(Type.Integer({ minimum: 1, maximum: 65_535 }), {
      description: "Ports of the API server, by Service and by node.",
      default: [443, 6443],
    }),
    apiServer: kubernetes("Peers that are the API server, as ipBlocks; empty: any address.", []),
    dns: kubernetes("Peers that answer DNS; empty: any address.", []),
    clients: kubernetes("Peers that may call models, as in a NetworkPolicy; empty: everybody.", []),
    scrapers: kubernetes("Peers that may read metrics, as in a NetworkPolicy; empty: nobody.", []),
    modelNamespaces: Type.Array(Type.String({ pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", maxLength: 63 }), {
      description:
        "Namespaces in which pods of models are open to nobody but gateway, operator and scrapers; each has to be there. With watchNamespace that one is, too.",
      default: [],
    }),
    directClients: kubernetes(
      "Peers that may call those pods themselves, as the proxies of a Gateway API for spec.traffic.path Direct; empty: nobody.",
      [],
    ),
  }),
  podDisruptionBudget: section("PodDisruptionBudgets.", {
    enabled: flag("Let a drain of nodes take one pod at a time of each.", true),
  }),
  serviceMonitor: section("Scraping by the Prometheus operator.", {
    enabled: flag("Install a ServiceMonitor and the Service that it needs; its kind must be known.", false),
    ...scraping,
  }),
  prometheusRule: section("Alerts of the Prometheus operator.", {
    enabled: flag("Install a PrometheusRule; its kind must be known.", false),
    labels: moreLabels("Labels by which a Prometheus finds it."),
  }),
  grafanaDashboard: section("A dashboard for Grafana's sidecar.", {
    enabled: flag("Install a ConfigMap with the dashboard.", false),
    labels: moreLabels("More labels of it, beside grafana_dashboard."),
  }),
  podMonitor: section("Scraping of models by the Prometheus operator.", {
    enabled: flag("Install a PodMonitor for the pods of all models; its kind must be known.", false),
    ...scraping,
  }),
});
