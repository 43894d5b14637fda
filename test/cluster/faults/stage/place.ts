import type { KubeObject, Pod } from "../../../../operator/kube/kinds.ts";
import { type Resource, resources } from "../../../../operator/kube/resources.ts";
import { gatewayLabels, systemNamespace } from "../../../../operator/model-deployment/resources/labels.ts";
import { systemClock } from "../../../../runtime/base/clock.ts";
import { silentLog } from "../../../../runtime/base/log.ts";
import type { Route, TableMessage } from "../../../../runtime/contract/route-table.ts";
import { subscription } from "../../../../runtime/gateway/routing/subscription.ts";
import { readyStatus } from "../../../builders/operator-scene.ts";
import { endState } from "./end-state.ts";
import { type FaultProxy, startFaultProxy } from "../proxy/fault-proxy.ts";
import { createLedger, type Ledger } from "../proxy/ledger.ts";
import { type OperatorProcess, startOperatorProcess } from "./operator-process.ts";
import { printed, type Stage } from "./stage.ts";

/** A namespace with an operator of its own, whose way to the API server is a proxy, and a gateway. */
export interface Place {
  readonly namespace: string;
  readonly proxy: FaultProxy;
  readonly ledger: Ledger;
  /** The operator that runs; undefined while none does. */
  readonly operator: OperatorProcess | undefined;
  /** Starts the one and only operator, not waiting for anything. */
  startOperator(): OperatorProcess;
  /** Kills the operator unless it has ended, and takes its lease away, which would run for 15 s. */
  buryOperator(): Promise<void>;
  endState(): readonly string[];
  stop(): Promise<void>;
}

const gateway = "gateway-a";
const rbac = { group: "rbac.authorization.k8s.io", version: "v1", namespaced: true } as const;
const roles: Resource = { ...rbac, kind: "Role", plural: "roles" };
const bindings: Resource = { ...rbac, kind: "RoleBinding", plural: "rolebindings" };
const lease = "modelwright-operator";

export async function openPlace(stage: Stage, namespace: string): Promise<Place> {
  const { client, view, server, account, compiled } = stage;
  await client.apply(resources.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await grant(stage, namespace);
  await startGateway(stage, namespace);
  const proxy = await startFaultProxy(server);
  const ledger = createLedger();
  proxy.onExchange = (exchanged) => ledger.note(exchanged);
  const routes = new Map<string, Route>();
  let operator: OperatorProcess | undefined;
  let starts = 0;
  let closeStream = (): void => {};
  const subscribe = (port: number): void => {
    const apply = (message: TableMessage): void => learn(routes, message);
    const operatorUrl = `http://127.0.0.1:${port}`;
    const known = (key: string): Route | undefined => routes.get(key);
    closeStream = subscription({ operatorUrl, gateway, clock: systemClock, log: silentLog, apply, known }).close;
  };
  return {
    namespace,
    proxy,
    ledger,
    get operator() {
      return operator;
    },
    startOperator() {
      const started = startOperatorProcess({
        apiPort: proxy.port,
        account,
        namespace,
        identity: `operator-${++starts}`,
        compiled,
      });
      operator = started;
      void started.routesPort.then((port) => operator === started && subscribe(port));
      return started;
    },
    async buryOperator() {
      operator?.kill();
      await operator?.exited;
      operator = undefined;
      closeStream();
      await client.remove(resources.leases, { namespace, name: lease });
    },
    endState: () => endState(view, namespace, [...routes.values()]),
    async stop() {
      closeStream();
      operator?.kill();
      await operator?.exited;
      await proxy.stop();
    },
  };
}

function learn(routes: Map<string, Route>, message: TableMessage): void {
  if (message.type === "ping") return;
  if (message.type === "full") routes.clear();
  for (const route of message.type === "full" ? message.routes : message.upsert) routes.set(route.key, route);
  for (const key of message.type === "full" ? [] : message.remove) routes.delete(key);
}

/** What an installation in this namespace grants there: the manifests' own role. */
async function grant({ client, kubectl }: Stage, namespace: string): Promise<void> {
  for (const [resource, type] of [
    [roles, "role"],
    [bindings, "rolebinding"],
  ] as const) {
    const text = await printed(kubectl, ["get", type, lease, `--namespace=${systemNamespace}`, "--output=json"]);
    const { metadata: _, ...rest } = JSON.parse(text) as KubeObject; // a role or binding
    await client.create(resource, { ...rest, metadata: { name: lease, namespace } });
  }
}

async function startGateway({ client }: Stage, namespace: string): Promise<void> {
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: gateway, namespace, labels: gatewayLabels },
    spec: { containers: [{ name: "gateway", image: "modelwright/runtime:1.0.0" }] },
  };
  await client.apply(resources.serviceAccounts, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace },
  });
  await client.create(resources.pods, pod);
  const status = { ...readyStatus, podIP: "10.9.0.1" };
  await client.mergePatch(resources.pods, { namespace, name: gateway }, { status }, { subresource: "status" });
}
