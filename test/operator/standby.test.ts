import { afterEach, describe, expect, test } from "vitest";
import { modelDeploymentDefinition } from "../../crds/v1alpha1/definition.ts";
import { createClient } from "../../operator/kube/client.ts";
import { resources } from "../../operator/kube/resources.ts";
import { createApiServer } from "../../operator/local/api-server/api-server.ts";
import { type Operator, type OperatorOptions, startOperator } from "../../operator/operator.ts";
import { systemNamespace } from "../../operator/model-deployment/resources/labels.ts";
import { systemClock } from "../../runtime/base/clock.ts";
import { silentLog } from "../../runtime/base/log.ts";
import type { Route } from "../../runtime/contract/route-table.ts";
import { subscription } from "../../runtime/gateway/routing/subscription.ts";
import { modelDeployment, settings } from "../builders/model-deployment.ts";
import { eventually } from "../builders/eventually.ts";

const operators: Operator[] = [];

afterEach(async () => {
  await Promise.all(operators.splice(0).map((operator) => operator.stop()));
});

function cluster() {
  const server = createApiServer({ clock: systemClock });
  const client = createClient({ transport: server, fieldManager: "test" });
  const definition = () => client.apply(resources.customResourceDefinitions, modelDeploymentDefinition);
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: systemNamespace } };
  const start = async (more: Partial<OperatorOptions> = {}): Promise<Operator> => {
    const operator = await startOperator({
      transport: server,
      settings: settings(),
      gatewayNamespace: systemNamespace,
      routes: { host: "127.0.0.1", port: 0 },
      log: silentLog,
      ...more,
    });
    operators.push(operator);
    return operator;
  };
  const deploy = (name: string) => {
    const { apiVersion, kind, spec } = modelDeployment();
    return client.create(resources.modelDeployments, {
      apiVersion,
      kind,
      metadata: { name, namespace: "default" },
      spec,
    });
  };
  const replicaSets = (count: number, timeoutMs?: number) =>
    eventually(
      async () => (await client.list(resources.replicaSets, { namespace: "default" })).items.length,
      (length) => length === count,
      timeoutMs,
    );
  return {
    client,
    definition,
    namespace: () => client.apply(resources.namespaces, namespace),
    start,
    deploy,
    replicaSets,
  };
}

describe("an operator among others", () => {
  test("works only while it leads, and the next takes over as soon as it stops", async () => {
    const { definition, namespace, start, deploy, replicaSets } = cluster();
    await Promise.all([definition(), namespace()]);
    const lease = { namespace: systemNamespace, name: "modelwright-operator" };
    const first = await start({ lease: { ...lease, identity: "first" } });
    await eventually(() => first.isLeader, Boolean);
    const second = await start({ lease: { ...lease, identity: "second" } });
    await deploy("one");
    await replicaSets(1);
    expect([first.isLeader, second.isLeader]).toEqual([true, false]);
    operators.splice(operators.indexOf(first), 1);
    await first.stop();
    await deploy("two");
    await replicaSets(2, 15_000);
    expect(second.isLeader).toBe(true);
  });

  test("serves routes while another one leads", async () => {
    const { definition, namespace, start, deploy } = cluster();
    await Promise.all([definition(), namespace()]);
    const lease = { namespace: systemNamespace, name: "modelwright-operator" };
    const first = await start({ lease: { ...lease, identity: "first" } });
    await eventually(() => first.isLeader, Boolean);
    const second = await start({ lease: { ...lease, identity: "second" } });
    const routes: Route[] = [];
    const stream = subscription({
      operatorUrl: `http://127.0.0.1:${second.routesPort}`,
      gateway: "gateway-a",
      clock: systemClock,
      log: silentLog,
      known: () => undefined,
      apply: (message) => {
        if (message.type !== "ping") routes.push(...(message.type === "full" ? message.routes : message.upsert));
      },
    });
    await deploy("one");
    await eventually(
      () => routes.map(({ key }) => key),
      (keys) => keys.includes("default/one"),
    );
    stream.close();
    expect(second.isLeader).toBe(false);
  });
});

test("an operator that is older than its CustomResourceDefinition waits for it and then works", async () => {
  const { definition, start, deploy, replicaSets } = cluster();
  const operator = await start();
  await systemClock.sleep(100);
  await definition();
  await operator.synced;
  await deploy("one");
  await replicaSets(1);
});
