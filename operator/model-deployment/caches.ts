import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import { type Cache, createCache } from "../kube/cache.ts";
import type { ObjectKey, Selection } from "../kube/client.ts";
import type {
  EndpointSlice,
  HttpRoute,
  KubeObject,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
  ServiceAccount,
  Stored,
} from "../kube/kinds.ts";
import type { FieldMask } from "../kube/json/field-mask.ts";
import { internedString } from "../kube/json/interning.ts";
import { type Resource, resources } from "../kube/resources.ts";
import { keptMembers } from "./resources/kept-members.ts";
import { deploymentKey } from "./resources/names.ts";
import { gatewayLabels, labels } from "./resources/labels.ts";

/** A cache with what is watched into it. */
export interface Watched<T extends KubeObject, Index extends string = never> {
  readonly resource: Resource;
  readonly selection: Selection;
  readonly keep: FieldMask;
  readonly cache: Cache<T, Index>;
}

/** Everything the operator knows of the cluster. */
export interface Caches {
  readonly deployments: Watched<ModelDeployment, "port">;
  readonly replicaSets: Watched<ReplicaSet, "owner">;
  readonly pods: Watched<Pod, "owner" | "deployment">;
  readonly gateways: Watched<Pod>;
  readonly services: Watched<Service, "owner">;
  readonly serviceAccounts: Watched<ServiceAccount>;
  readonly endpointSlices: Watched<EndpointSlice>;
  readonly podDisruptionBudgets: Watched<PodDisruptionBudget>;
  /** Empty until a ModelDeployment asks for one: many clusters do not serve the kind. */
  readonly httpRoutes: Watched<HttpRoute>;
}

/** Of each kind there may be thousands, made by the same builders; a few hundred are little memory as they are. */
const packedFrom = 256;

/**
 * Empty caches, of one namespace or, when it is left out, of all. Objects that do not carry our label are not kept (clusters have many Services); a foreign object of one
 * of our names is met when a create is refused.
 */
export function createCaches(gatewayNamespace: string, namespace?: string): Caches {
  const selection = { namespace, labelSelector: labels.deployment };
  const gatewaySelector = Object.entries(gatewayLabels).map(([key, value]) => `${key}=${value}`);
  return {
    ...ownApi(namespace),
    ...gatewayApi(selection),
    replicaSets: {
      resource: resources.replicaSets,
      selection,
      keep: keptMembers.replicaSet,
      cache: createCache<ReplicaSet, "owner">({ packedFrom, indexes: { owner: ownerUids } }),
    },
    pods: {
      resource: resources.pods,
      selection,
      keep: keptMembers.pod,
      cache: createCache<Pod, "owner" | "deployment">({
        packedFrom,
        indexes: { owner: ownerUids, deployment: (pod) => [labelledKey(pod) ?? ""] },
        trim: readPod,
        trimmedBy: ["type", "status"],
      }),
    },
    gateways: {
      resource: resources.pods,
      selection: { namespace: gatewayNamespace, labelSelector: gatewaySelector.join(",") },
      keep: keptMembers.pod,
      // A few, which every pass looks at.
      cache: createCache<Pod>({ trim: readPod }),
    },
    services: {
      resource: resources.services,
      selection,
      keep: keptMembers.service,
      cache: createCache<Service, "owner">({ packedFrom, indexes: { owner: ownerUids } }),
    },
    serviceAccounts: {
      resource: resources.serviceAccounts,
      selection,
      keep: keptMembers.serviceAccount,
      cache: createCache<ServiceAccount>({ packedFrom }),
    },
    endpointSlices: {
      resource: resources.endpointSlices,
      selection,
      keep: keptMembers.endpointSlice,
      cache: createCache<EndpointSlice>({ packedFrom }),
    },
    podDisruptionBudgets: {
      resource: resources.podDisruptionBudgets,
      selection,
      keep: keptMembers.podDisruptionBudget,
      cache: createCache<PodDisruptionBudget>({ packedFrom }),
    },
  };
}

function ownApi(namespace: string | undefined): Pick<Caches, "deployments"> {
  return {
    deployments: {
      resource: resources.modelDeployments,
      selection: { namespace },
      keep: keptMembers.modelDeployment,
      cache: createCache<ModelDeployment, "port">({
        packedFrom,
        indexes: { port: ({ status }) => (status?.gateway?.port === undefined ? [] : [String(status.gateway.port)]) },
      }),
    },
  };
}

function gatewayApi(selection: Selection): Pick<Caches, "httpRoutes"> {
  return {
    httpRoutes: {
      resource: resources.httpRoutes,
      selection,
      keep: keptMembers.httpRoute,
      cache: createCache<HttpRoute>({ packedFrom }),
    },
  };
}

/** Key of the ModelDeployment whose label an object carries. */
export function labelledKey({ metadata }: KubeObject): string | undefined {
  const name = metadata.labels?.[labels.deployment];
  return name === undefined ? undefined : lastingKey({ namespace: metadata.namespace, name });
}

/** Key of a ModelDeployment, the same text each time: many tables keep it as long as there is the object. */
export function lastingKey({ namespace = "", name }: ObjectKey): string {
  return internedString(deploymentKey(namespace, name));
}

function ownerUids({ metadata }: KubeObject): readonly string[] {
  return (metadata.ownerReferences ?? []).filter(({ controller }) => controller === true).map(({ uid }) => uid);
}

/** Of the conditions Ready and those that are not met are read. */
function readPod(pod: Pod & Stored): Pod & Stored {
  const { nodeName } = pod.spec;
  // Copied, as a list that was filtered keeps room for more.
  const conditions = pod.status?.conditions?.filter(isRead).slice();
  return {
    ...pod,
    spec: { containers: noContainers, ...(nodeName === undefined ? {} : { nodeName }) },
    ...(pod.status === undefined ? {} : { status: { ...pod.status, ...(conditions && { conditions }) } }),
  };
}

function isRead({ type, status }: PodCondition): boolean {
  return type === "Ready" || status !== "True";
}

type PodCondition = NonNullable<NonNullable<Pod["status"]>["conditions"]>[number];

const noContainers: Pod["spec"]["containers"] = [];
