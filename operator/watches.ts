import { type Clock, systemClock } from "../runtime/base/clock.ts";
import type { Log } from "../runtime/base/log.ts";
import type { Cache } from "./kube/cache.ts";
import type { Client } from "./kube/client.ts";
import type { KubeObject } from "./kube/kinds.ts";
import { type Resource, resources } from "./kube/resources.ts";
import { startWatch, type Watch, type WatchEnd, type WatchOptions } from "./kube/watch.ts";
import type { Caches, Watched } from "./model-deployment/caches.ts";
import { type PodWarnings, podWarningSelection } from "./model-deployment/pods/pod-warnings.ts";
import type { ServedDefinition } from "./signals/served-definition.ts";

function missingKindHint({ kind }: Resource): string {
  const missing =
    kind === resources.httpRoutes.kind ? "the Gateway API" : "the CustomResourceDefinition of this release";
  return `install ${missing}; trying again`;
}

type Feed<T extends KubeObject> = Pick<Required<WatchOptions<T>>, "resource" | "selection" | "sink"> &
  Pick<WatchOptions<T>, "keep">;

/** What all watches share. */
export interface WatchesOptions {
  readonly watchNamespace?: string | undefined;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly log: Log;
  readonly onWatchEnd?: ((end: WatchEnd) => void) | undefined;
  readonly client: Client;
  /** Read again when the watch of ModelDeployments ends: a change of the definition ends it. */
  readonly definition: Pick<ServedDefinition, "look">;
  /** Called when the server is back: what failed meanwhile need not wait for its next try. */
  readonly resync: () => void;
}

/** Starts the watches that fill the caches and collect warnings about pods. */
export function startWatches(
  caches: Caches,
  warnings: PodWarnings,
  options: WatchesOptions,
): readonly Pick<Watch, "stop">[] {
  const { client, watchNamespace, clock = systemClock, random, log, onWatchEnd } = options;
  const watching = <T extends KubeObject>({ resource, ...feed }: Feed<T>): Watch =>
    startWatch<T>({
      client,
      resource,
      ...feed,
      clock,
      log,
      ...(random === undefined ? {} : { random }),
      onRecovered: () => resource.kind === resources.modelDeployments.kind && options.resync(),
      onEnd: (end) => {
        onWatchEnd?.(end);
        if (resource.kind === resources.modelDeployments.kind) options.definition.look();
        if (end.fault?.code === "NotFound") {
          const hint = missingKindHint(resource);
          log.warn("the API server does not serve a kind", { kind: resource.kind, hint });
        }
      },
    });
  const filling = <T extends KubeObject>({ cache, ...watched }: Watched<T, string>): Watch =>
    watching({ ...watched, sink: cache });
  return [
    filling(caches.deployments),
    filling(caches.replicaSets),
    filling(caches.pods),
    filling(caches.gateways),
    filling(caches.services),
    filling(caches.serviceAccounts),
    filling(caches.endpointSlices),
    filling(caches.podDisruptionBudgets),
    watchRoutesOnceAsked(caches, () => filling(caches.httpRoutes)),
    watching({ resource: resources.events, selection: podWarningSelection(watchNamespace), sink: warnings }),
  ];
}

/**
 * Watches HTTPRoutes only once a ModelDeployment asks for one: where the Gateway API is not installed, a watch would fail
 * forever.
 */
function watchRoutesOnceAsked({ deployments }: Caches, watch: () => Watch): Pick<Watch, "stop"> {
  let watching: Watch | undefined;
  const cancel = deployments.cache.subscribe(({ object: { spec } }) => {
    if (spec.traffic?.httpRoute !== undefined) watching ??= watch();
  });
  return {
    async stop() {
      cancel();
      await watching?.stop();
    },
  };
}

/** Resolves when the caches are complete. HTTPRoutes may never be; events, which have no cache, only improve messages. */
export async function untilSynced(caches: Caches): Promise<void> {
  const watched: readonly { readonly cache: Pick<Cache<KubeObject>, "untilSynced"> }[] = Object.values(caches);
  const awaited = watched.filter((one) => one !== caches.httpRoutes);
  await Promise.all(awaited.map(({ cache }) => cache.untilSynced()));
}
