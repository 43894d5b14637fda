import { modelDeploymentDefinition } from "../../crds/v1alpha1/definition.ts";
import type { Condition, ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import { type Client, createClient } from "../../operator/kube/client.ts";
import type { KubeObject, Pod, Stored } from "../../operator/kube/kinds.ts";
import { resources } from "../../operator/kube/resources.ts";
import type { KubeRequest, Transport } from "../../operator/kube/transport.ts";
import { createApiServer } from "../../operator/local/api-server/api-server.ts";
import { type Controllers, startControllers } from "../../operator/local/controllers/controllers.ts";
import { gatewayLabels, labels, systemNamespace } from "../../operator/model-deployment/resources/labels.ts";
import { type Operator, startOperator } from "../../operator/operator.ts";
import { systemClock } from "../../runtime/base/clock.ts";
import { silentLog } from "../../runtime/base/log.ts";
import type { Route } from "../../runtime/contract/route-table.ts";
import { subscription, type Subscription } from "../../runtime/gateway/routing/subscription.ts";
import { settings } from "./model-deployment.ts";

/** An operator with API server, ReplicaSet controller and gateway; only the kubelet is simulated. */
export interface OperatorScene {
  /** A client other than the operator. */
  readonly client: Client;
  /** The operator's requests, such as `POST services`, without watches, events and schema lookups. */
  readonly requests: string[];
  /** The gateway's current routes. */
  readonly routes: Map<string, Route>;
  startOperator(): Promise<Operator>;
  startGateway(name: string, operator: Operator): Promise<void>;
  /** Simulates the kubelet: sets this status on every pod of a ModelDeployment. */
  setPods(status: Pod["status"]): Promise<void>;
  /** Simulates the kubelet: stops terminating pods. */
  removeStopped(): Promise<void>;
  deployment(name?: string): Promise<(ModelDeployment & Stored) | undefined>;
  stop(): Promise<void>;
}

/** Status of a ready pod. */
export const readyStatus: Pod["status"] = {
  phase: "Running",
  podIP: "127.66.0.1",
  conditions: [{ type: "Ready", status: "True" }],
};

/** A Kubernetes for the scene; the caller stops it. */
export interface World {
  readonly transport: Transport;
  /** Namespace of the ModelDeployments. */
  readonly namespace: string;
  /** Node of the gateways' pods; must be a node without a kubelet. */
  readonly gatewayNode?: string;
  /** Where gateways report their metrics. Default: nowhere. */
  readonly figures?: { readonly host: string; readonly port: number };
}

/** The scene in the API-server model with the simulated controllers. */
export async function operatorScene(): Promise<OperatorScene> {
  const server = createApiServer({ clock: systemClock });
  const scene = await operatorSceneIn({ transport: server, namespace: "default" });
  const controllers: Controllers = await startControllers({ transport: server });
  return {
    ...scene,
    async stop() {
      await scene.stop();
      await controllers.stop();
      await server.close();
    },
  };
}

/** The scene in a running Kubernetes. */
export async function operatorSceneIn({ transport, namespace, gatewayNode, figures }: World): Promise<OperatorScene> {
  const client = createClient({ transport, fieldManager: "test" });
  await client.apply(resources.customResourceDefinitions, modelDeploymentDefinition);
  await client.apply(resources.namespaces, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: systemNamespace },
  });
  const requests: string[] = [];
  const routes = new Map<string, Route>();
  const operators: Operator[] = [];
  const subscriptions: Subscription[] = [];
  return {
    client,
    requests,
    routes,
    async startOperator() {
      const operator = await startOperator({
        transport: recorded(transport, requests),
        settings: settings({ drainDelayMs: 50 }),
        gatewayNamespace: systemNamespace,
        watchNamespace: namespace,
        routes: { host: "127.0.0.1", port: 0 },
        ...(figures === undefined ? {} : { gatewayAdminPort: figures.port }),
        log: silentLog,
      });
      operators.push(operator);
      await operator.synced;
      return operator;
    },
    async startGateway(name, operator) {
      await client.create(resources.pods, gatewayPod(name, gatewayNode));
      await client.mergePatch(
        resources.pods,
        { namespace: systemNamespace, name },
        { status: { ...readyStatus, podIP: figures?.host ?? "10.9.0.1" } },
        { subresource: "status" },
      );
      const operatorUrl = `http://127.0.0.1:${operator.routesPort}`;
      subscriptions.push(
        subscription({
          operatorUrl,
          gateway: name,
          clock: systemClock,
          log: silentLog,
          known: (key) => routes.get(key),
          apply: (message) => {
            if (message.type === "ping") return;
            if (message.type === "full") routes.clear();
            for (const route of message.type === "full" ? message.routes : message.upsert) routes.set(route.key, route);
            for (const key of message.type === "full" ? [] : message.remove) routes.delete(key);
          },
        }),
      );
    },
    async setPods(status = {}) {
      const { items } = await client.list<Pod>(resources.pods, { namespace, labelSelector: labels.deployment });
      for (const { metadata } of items) {
        const { name } = metadata;
        await client.mergePatch(resources.pods, { namespace, name }, { status }, { subresource: "status" });
      }
    },
    async removeStopped() {
      const { items } = await client.list<Pod>(resources.pods, { namespace, labelSelector: labels.deployment });
      for (const { metadata } of items.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)) {
        await client.remove(resources.pods, metadata, { gracePeriodSeconds: 0 });
      }
    },
    deployment: (name = "digits") => client.get<ModelDeployment>(resources.modelDeployments, { namespace, name }),
    async stop() {
      for (const one of subscriptions) one.close();
      for (const operator of operators) await operator.stop();
    },
  };
}

/** The conditions, each as `Ready=True AsDeclared`. */
export function conditionTexts(deployment: ModelDeployment | undefined): readonly string[] {
  return (deployment?.status?.conditions ?? []).map(
    ({ type, status, reason }: Condition) => `${type}=${status} ${reason}`,
  );
}

function gatewayPod(name: string, nodeName: string | undefined): KubeObject & Pick<Pod, "spec"> {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: systemNamespace, labels: gatewayLabels },
    spec: {
      containers: [{ name: "gateway", image: "modelwright/runtime:1.0.0" }],
      ...(nodeName === undefined ? {} : { nodeName }),
    },
  };
}

function recorded(transport: Transport, requests: string[]): Transport {
  const note = ({ method, path }: KubeRequest): void => {
    const [bare = ""] = path.split("?");
    const parts = bare.split("/").slice(bare.startsWith("/api/") ? 3 : 4);
    const [plural = "", , subresource] = parts[0] === "namespaces" ? parts.slice(2) : parts;
    if (plural !== "events" && !bare.startsWith("/openapi/"))
      requests.push([method, plural, subresource].filter(Boolean).join(" "));
  };
  return {
    send: (request) => {
      note(request);
      return transport.send(request);
    },
    open: (request) => transport.open(request),
    close: () => transport.close(),
  };
}
