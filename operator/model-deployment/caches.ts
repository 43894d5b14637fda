import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import { type Cache, createCache } from "../kube/cache.ts";
import type { Selection } from "../kube/client.ts";
import type {
  EndpointSlice,
  KubeObject,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
  ServiceAccount,
  Stored,
} from "../kube/kinds.ts";
import { type Resource, resources } from "../kube/resources.ts";
import { deploymentKey } from "./resources/names.ts";
import { gatewayLabels, labels } from "./resources/labels.ts";

/** A cache with what is watched into it. */
export interface Watched<T extends KubeObject, Index extends string = never> {
  readonly resource: Resource;
  readonly selection: Selection;
  readonly cache: Cache<T, Index>;
}

/** Everything the operator knows of the cluster. */
export interface Caches {
  readonly deployments: Watched<ModelDeployment, "port">;
  readonly replicaSets: Watched<ReplicaSet, "owner">;
  readonly pods: Watched<Pod, "owner" | "deployment">;
  readonly gateways: Watched<Pod>;
  readonly services: Watched<Service>;
  readonly serviceAccounts: Watched<ServiceAccount>;
  readonly endpointSlices: Watched<EndpointSlice>;
  readonly podDisruptionBudgets: Watched<PodDisruptionBudget>;
}

/**
 * Empty caches, of one namespace or, when it is left out, of all. Objects that do not carry our label are not kept (clusters have many Services); a foreign object of one
 * of our names is met when a create is refused.
 */
export function createCaches(gatewayNamespace: string, namespace?: string): Caches {
  const selection = { namespace, labelSelector: labels.deployment };
  const gatewaySelector = Object.entries(gatewayLabels).map(([key, value]) => `${key}=${value}`);
  return {
    deployments: {
      resource: resources.modelDeployments,
      selection: { namespace },
      cache: createCache<ModelDeployment, "port">({
        indexes: { port: ({ status }) => (status?.gateway?.port === undefined ? [] : [String(status.gateway.port)]) },
      }),
    },
    replicaSets: {
      resource: resources.replicaSets,
      selection,
      cache: createCache<ReplicaSet, "owner">({ indexes: { owner: ownerUids }, trim: withoutTemplate }),
    },
    pods: {
      resource: resources.pods,
      selection,
      cache: createCache<Pod, "owner" | "deployment">({
        indexes: { owner: ownerUids, deployment: (pod) => [labelledKey(pod) ?? ""] },
        trim: withoutSpec,
      }),
    },
    gateways: {
      resource: resources.pods,
      selection: { namespace: gatewayNamespace, labelSelector: gatewaySelector.join(",") },
      cache: createCache<Pod>({ trim: withoutSpec }),
    },
    services: { resource: resources.services, selection, cache: createCache<Service>() },
    serviceAccounts: { resource: resources.serviceAccounts, selection, cache: createCache<ServiceAccount>() },
    endpointSlices: { resource: resources.endpointSlices, selection, cache: createCache<EndpointSlice>() },
    podDisruptionBudgets: {
      resource: resources.podDisruptionBudgets,
      selection,
      cache: createCache<PodDisruptionBudget>(),
    },
  };
}

/** Key of the ModelDeployment whose label an object carries. */
export function labelledKey({ metadata }: KubeObject): string | undefined {
  const name = metadata.labels?.[labels.deployment];
  return name === undefined ? undefined : deploymentKey(metadata.namespace ?? "", name);
}

function ownerUids({ metadata }: KubeObject): readonly string[] {
  return (metadata.ownerReferences ?? []).filter(({ controller }) => controller === true).map(({ uid }) => uid);
}

/** A template never changes and, but for its image, is never compared: it would be the largest part of the cache. */
function withoutTemplate(replicaSet: ReplicaSet & Stored): ReplicaSet & Stored {
  const { spec } = replicaSet;
  const containers = spec.template.spec.containers.map(({ name, image }) => ({
    name,
    ...(image === undefined ? {} : { image }),
  }));
  return { ...replicaSet, spec: { ...spec, template: { spec: { containers } } } };
}

function withoutSpec(pod: Pod & Stored): Pod & Stored {
  const { nodeName } = pod.spec;
  return { ...pod, spec: { containers: [], ...(nodeName === undefined ? {} : { nodeName }) } };
}
