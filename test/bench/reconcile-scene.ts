import { modelDeploymentDefinition } from "../../crds/v1alpha1/definition.ts";
import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import { createCache } from "../../operator/kube/cache.ts";
import { type Client, createClient } from "../../operator/kube/client.ts";
import type { Pod, ReplicaSet } from "../../operator/kube/kinds.ts";
import { resources } from "../../operator/kube/resources.ts";
import type { Transport } from "../../operator/kube/transport.ts";
import { startWatch } from "../../operator/kube/watch.ts";
import { createApiServer } from "../../operator/local/api-server/api-server.ts";
import { controllerUid } from "../../operator/local/controllers/replica-set/pod-readiness.ts";
import { replicaSetController } from "../../operator/local/controllers/replica-set/replica-set-controller.ts";
import { freePort } from "../../operator/local/free-port.ts";
import { createEventRecorder } from "../../operator/local/kubelet/event-recorder.ts";
import { gatewayLabels, labels, systemNamespace } from "../../operator/model-deployment/resources/labels.ts";
import { type Operator, startOperator } from "../../operator/operator.ts";
import { systemClock } from "../../runtime/base/clock.ts";
import { silentLog } from "../../runtime/base/log.ts";
import { subscription } from "../../runtime/gateway/routing/subscription.ts";
import { settings } from "../builders/model-deployment.ts";
import { type Noted, notingTransport } from "./noted-requests.ts";

/** An API-server model that has the ModelDeployment API. UIDs are numbers in the order of creation: two servers told the same agree. */
export async function servedApi(): Promise<Transport> {
  let uids = 0;
  const newUid = (): string => `00000000-0000-4000-8000-${String(uids++).padStart(12, "0")}`;
  const server = createApiServer({ clock: systemClock, newUid });
  const client = createClient({ transport: server, fieldManager: "bench" });
  await client.apply(resources.customResourceDefinitions, modelDeploymentDefinition);
  const metadata = { name: systemNamespace };
  await client.apply(resources.namespaces, { apiVersion: "v1", kind: "Namespace", metadata });
  return server;
}

/** The operator in an API-server model; what makes pods comes later. */
export interface ReconcileScene {
  /** What the operator and the user asked the server, in order; controllers and kubelet are not noted. */
  readonly requests: Noted[];
  /** Reconciles since the last start. */
  readonly reconciles: () => number;
  /** The user. */
  readonly client: Client;
  startOperator(): Promise<void>;
  stopOperator(): Promise<void>;
  /** ReplicaSet controller, a kubelet whose pods are ready at once, and a gateway. */
  startRest(): Promise<void>;
  /** Waits until every ModelDeployment is Ready. */
  untilReady(): Promise<void>;
  /** Waits until nobody has anything to do. */
  untilQuiet(): Promise<void>;
  stop(): Promise<void>;
}

/** Longer than the drain delay, so that what is to come in a moment has come. */
const quietMs = 60;
const drainDelayMs = 20;

export async function reconcileScene(): Promise<ReconcileScene> {
  const server = await servedApi();
  const requests: Noted[] = [];
  const others: Noted[] = [];
  const rest = notingTransport(server, "user", others);
  const client = createClient({ transport: notingTransport(server, "user", requests), fieldManager: "bench" });
  const onlooker = createClient({ transport: server, fieldManager: "bench" });
  const port = await freePort();
  const ends: (() => unknown)[] = [];
  let operator: Operator | undefined;
  let reconciles = 0;
  const observers = {
    loop: { reconciled: () => void (reconciles += 1), queueDepth: () => {}, queueWaited: () => {} },
    request: () => {},
    watchEnd: () => {},
  };
  return {
    requests,
    reconciles: () => reconciles,
    client,
    async startOperator() {
      reconciles = 0;
      operator = await startOperator({
        transport: notingTransport(server, "operator", requests),
        settings: settings({ drainDelayMs }),
        gatewayNamespace: systemNamespace,
        routes: { host: "127.0.0.1", port },
        log: silentLog,
        observers,
      });
    },
    async stopOperator() {
      await operator?.stop();
    },
    async startRest() {
      const replicaSets = startReplicaSets(rest);
      const kubelet = startKubelet(rest);
      await startGateway(rest);
      const stream = subscription({
        operatorUrl: `http://127.0.0.1:${port}`,
        gateway: "gateway",
        clock: systemClock,
        log: silentLog,
        apply: () => {},
      });
      ends.push(
        stream.close,
        () => kubelet.stop(),
        () => replicaSets.stop(),
      );
    },
    async untilReady() {
      for (;;) {
        const { items } = await onlooker.list<ModelDeployment>(resources.modelDeployments);
        if (items.every(isReady)) return;
        await systemClock.sleep(quietMs);
      }
    },
    async untilQuiet() {
      let seen = -1;
      for (let sinceMs = performance.now(); performance.now() - sinceMs < quietMs; await systemClock.sleep(5)) {
        const sum = requests.length + others.length + reconciles;
        if (sum !== seen || operator?.isIdle === false) sinceMs = performance.now();
        seen = sum;
      }
    },
    async stop() {
      await operator?.stop();
      for (const end of ends) await end();
      await server.close();
    },
  };
}

function isReady({ metadata, status }: ModelDeployment): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && ready.observedGeneration === metadata.generation;
}

const readyStatus = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };

/** Of local mode's controllers the one that makes pods: the others look at all pods for every pod that changes. */
function startReplicaSets(transport: Transport): { stop(): Promise<void> } {
  const client = createClient({ transport, fieldManager: "kube-controller-manager" });
  const base = { client, clock: systemClock, log: silentLog };
  const pods = createCache<Pod, "controller">({
    indexes: { controller: (pod) => [controllerUid(pod)].filter((uid) => uid !== undefined) },
  });
  const replicaSets = createCache<ReplicaSet>();
  const controller = replicaSetController({
    ...base,
    random: Math.random,
    events: createEventRecorder({ ...base, component: "replicaset-controller", instance: "local" }),
    pods,
    replicaSets,
    namespaces: createCache(),
    services: createCache(),
    disruptionBudgets: createCache(),
  });
  const watches = [
    startWatch<Pod>({ client, resource: resources.pods, sink: pods }),
    startWatch<ReplicaSet>({ client, resource: resources.replicaSets, sink: replicaSets }),
  ];
  void Promise.all([pods.untilSynced(), replicaSets.untilSynced()]).then(() => controller.start());
  return {
    async stop() {
      await controller.stop();
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}

/** Pods are ready as soon as they are there, and gone as soon as they are to go. They have no address: nobody asks them for facts. */
function startKubelet(transport: Transport): { stop(): Promise<void> } {
  const client = createClient({ transport, fieldManager: "kubelet" });
  const cache = createCache<Pod>();
  cache.subscribe(({ object, type }) => {
    const { metadata, status } = object;
    const key = { namespace: metadata.namespace, name: metadata.name };
    if (type === "removed") return;
    const played =
      metadata.deletionTimestamp !== undefined
        ? client.remove(resources.pods, key, { gracePeriodSeconds: 0 })
        : status?.phase !== "Running"
          ? client.mergePatch(resources.pods, key, { status: readyStatus }, { subresource: "status" })
          : undefined;
    played?.catch(() => {}); // gone meanwhile
  });
  return startWatch<Pod>({
    client,
    resource: resources.pods,
    selection: { labelSelector: labels.deployment },
    sink: cache,
  });
}

async function startGateway(transport: Transport): Promise<void> {
  const client = createClient({ transport, fieldManager: "kubelet" });
  const key = { namespace: systemNamespace, name: "gateway" };
  const containers = [{ name: "gateway", image: "modelwright/runtime:bench" }];
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...key, labels: gatewayLabels }, spec: { containers } };
  await client.create<Pod>(resources.pods, pod);
  await client.mergePatch(
    resources.pods,
    key,
    { status: { ...readyStatus, podIP: "10.9.0.1" } },
    { subresource: "status" },
  );
}
