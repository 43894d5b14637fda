import type { ModelDeployment } from "../../../../crds/v1alpha1/model-deployment.ts";
import { type Cache, createCache } from "../../../../operator/kube/cache.ts";
import type { Client } from "../../../../operator/kube/client.ts";
import type { KubeObject, Pod, Stored } from "../../../../operator/kube/kinds.ts";
import { type Resource, resources } from "../../../../operator/kube/resources.ts";
import { startWatch } from "../../../../operator/kube/watch/watch.ts";

/** The objects of the cluster, watched directly and not through the fault proxies. */
export interface View {
  readonly deployments: Cache<ModelDeployment>;
  readonly pods: Cache<Pod>;
  /** Objects in a namespace of the kinds that an operator writes, each with the plural of its kind. */
  objects(namespace: string): readonly (readonly [plural: string, object: KubeObject & Stored])[];
  /** Number of changes in the namespace so far. */
  changes(namespace: string): number;
  stop(): Promise<void>;
}

const written: readonly Resource[] = [
  resources.replicaSets,
  resources.services,
  resources.serviceAccounts,
  resources.endpointSlices,
  resources.podDisruptionBudgets,
];

/** Watches all namespaces; resolves when every cache is synced. */
export async function startView(client: Client): Promise<View> {
  const deployments = createCache<ModelDeployment>();
  const pods = createCache<Pod>();
  const others = written.map((resource) => ({ resource, cache: createCache() }));
  const changes = new Map<string, number>();
  const count = ({ object: { metadata } }: { readonly object: KubeObject }): void => {
    const { namespace = "" } = metadata;
    changes.set(namespace, (changes.get(namespace) ?? 0) + 1);
  };
  deployments.subscribe(count);
  pods.subscribe(count);
  for (const { cache } of others) cache.subscribe(count);
  const watches = [
    startWatch({ client, resource: resources.modelDeployments, sink: deployments }),
    startWatch({ client, resource: resources.pods, sink: pods }),
    ...others.map(({ resource, cache }) => startWatch({ client, resource, sink: cache })),
  ];
  await Promise.all([deployments, pods, ...others.map(({ cache }) => cache)].map((cache) => cache.untilSynced()));
  return {
    deployments,
    pods,
    objects: (namespace) =>
      [{ resource: resources.modelDeployments, cache: deployments }, ...others].flatMap(({ resource, cache }) =>
        cache
          .all()
          .filter(({ metadata }) => metadata.namespace === namespace)
          .map((object) => [resource.plural, object] as const),
      ),
    changes: (namespace) => changes.get(namespace) ?? 0,
    stop: async () => void (await Promise.all(watches.map((watch) => watch.stop()))),
  };
}
