import { type Clock, systemClock } from "../../../runtime/base/clock.ts";
import { type Log, silentLog } from "../../../runtime/base/log.ts";
import { type Cache, createCache, type CacheOptions } from "../../kube/cache.ts";
import { type Client, createClient } from "../../kube/client.ts";
import type { KubeObject, Pod, PodDisruptionBudget, ReplicaSet, Service } from "../../kube/kinds.ts";
import { type Resource, resources } from "../../kube/resources.ts";
import type { Transport } from "../../kube/transport.ts";
import { startWatch, type Watch } from "../../kube/watch/watch.ts";
import { createEventRecorder, type EventRecorder } from "../kubelet/event-recorder.ts";
import { defaultServiceAccountController } from "./default-service-account.ts";
import { disruptionBudgetController } from "./disruption-budget.ts";
import { endpointSliceController } from "./endpoint-slice.ts";
import { controllerIndex, replicaSetController } from "./replica-set/replica-set-controller.ts";

/** Options of `startControllers`. */
export interface ControllersOptions {
  readonly transport: Transport;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Uniform in [0, 1), for pod names. */
  readonly random?: () => number;
}

/** Stand-ins for kube-controller-manager: ReplicaSets, default service accounts, EndpointSlices, disruption budgets. */
export interface Controllers {
  stop(): Promise<void>;
}

/** The client and caches that the controllers share. */
export interface ControllerContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Records the events of the ReplicaSet controller. */
  readonly events: EventRecorder;
  readonly pods: Cache<Pod, "controller">;
  readonly replicaSets: Cache<ReplicaSet>;
  readonly namespaces: Cache<KubeObject>;
  readonly services: Cache<Service>;
  readonly disruptionBudgets: Cache<PodDisruptionBudget>;
}

/** Starts all controllers; resolves when their caches are synced. */
export async function startControllers(options: ControllersOptions): Promise<Controllers> {
  const { transport, clock = systemClock, log = silentLog, random = Math.random } = options;
  const client = createClient({ transport, fieldManager: "kube-controller-manager", clock });
  const events = createEventRecorder({ client, clock, log, component: "replicaset-controller", instance: "local" });
  const watches: Watch[] = [];
  const watched = <T extends KubeObject, Index extends string = never>(
    resource: Resource,
    cacheOptions: CacheOptions<T, Index> = {},
  ): Cache<T, Index> => {
    const cache = createCache<T, Index>(cacheOptions);
    watches.push(startWatch<T>({ client, resource, sink: cache, clock, log }));
    return cache;
  };
  const context: ControllerContext = {
    client,
    clock,
    log,
    random,
    events,
    pods: watched<Pod, "controller">(resources.pods, { indexes: { controller: controllerIndex } }),
    replicaSets: watched<ReplicaSet>(resources.replicaSets),
    namespaces: watched(resources.namespaces),
    services: watched<Service>(resources.services),
    disruptionBudgets: watched<PodDisruptionBudget>(resources.podDisruptionBudgets),
  };
  const controllers = [
    replicaSetController(context),
    defaultServiceAccountController(context),
    endpointSliceController(context),
    disruptionBudgetController(context),
  ];
  const { pods, replicaSets, namespaces, services, disruptionBudgets } = context;
  await Promise.all([pods, replicaSets, namespaces, services, disruptionBudgets].map((cache) => cache.untilSynced()));
  for (const controller of controllers) controller.start();
  return {
    stop: async () => {
      await Promise.all(controllers.map((controller) => controller.stop()));
      await Promise.all(watches.map((watch) => watch.stop()));
      await events.flush();
    },
  };
}
