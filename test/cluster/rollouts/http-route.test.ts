import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { ModelDeployment, ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import type { HttpRoute, KubeObject, Stored } from "../../../operator/kube/kinds.ts";
import { type Resource, resources } from "../../../operator/kube/resources.ts";
import { annotations } from "../../../operator/model-deployment/resources/labels.ts";
import { sendCommand } from "../../../operator/rollout-commands/send-command.ts";
import { model } from "../../builders/model-deployment.ts";
import { eventually } from "../../builders/eventually.ts";
import { grantedRights, usedRights } from "../../charts/modelwright/rights.ts";
import { rendered } from "../../charts/modelwright/rendered.ts";
import { toolTimeoutMs, whyNoTool } from "../../charts/tool.ts";
import { startTimeoutMs, whyNoControlPlane } from "../control-plane.ts";
import { createSandbox, type Sandbox } from "../faults/cluster/sandbox.ts";
import { operatorUser, type TestCluster, startTestCluster } from "../faults/cluster/test-cluster.ts";
import { type GatewayController, startGatewayController } from "./gateway-controller.ts";

const reason = whyNoControlPlane() ?? whyNoTool("helm");
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

const namespace = "routes";
const key = { namespace, name: "digits" };
const timeout = 90_000;
/** The Gateway API's own, v1.6.3, standard channel, without its descriptions and the version v1beta1; Apache License 2.0. */
const definitionFile = join(import.meta.dirname, "gateway.networking.k8s.io_httproutes.json");
const clusterRoles: Resource = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  namespaced: false,
  kind: "ClusterRole",
  plural: "clusterroles",
};
const traffic = {
  path: "Direct",
  hostnames: ["digits.example.com"],
  httpRoute: { parentRefs: [{ name: "public", namespace: "edge" }] },
} as const satisfies ModelDeploymentSpec["traffic"];
const canary = { steps: [{ setWeight: 10 }, { pause: {} }] };

describe.skipIf(reason !== undefined)(`an HTTPRoute on a real kube-apiserver${skipped}`, () => {
  let cluster: TestCluster;
  let folder: string;
  let auditLog: string;
  let sandbox: Sandbox;
  let controller: GatewayController;

  const deployment = () => cluster.client.get<ModelDeployment>(resources.modelDeployments, key);
  const reaches = (satisfies: (found: ModelDeployment & Stored) => boolean) =>
    eventually(deployment, (found) => found !== undefined && satisfies(found), 60_000);
  const ready = (found: ModelDeployment | undefined) => found?.status?.conditions?.find(({ type }) => type === "Ready");
  const readyIs = async (why: string) => {
    const found = await reaches((one) => ready(one)?.reason === why);
    return ready(found)?.message;
  };
  const patch = (spec: object) => cluster.client.mergePatch(resources.modelDeployments, key, { spec });
  /** Makes the operator reconcile now instead of after its back-off. */
  const touch = () =>
    cluster.client.mergePatch(resources.modelDeployments, key, {
      metadata: { labels: { touched: String(Date.now()) } },
    });
  const route = () => cluster.client.get<HttpRoute>(resources.httpRoutes, key);
  /** The weights of the route's backends by the version of their revision, as `v1 90, v2 10`. */
  const split = async (): Promise<string> => {
    const { status } = (await deployment()) ?? {};
    const known = [status?.stable, status?.candidate].flatMap((one) => (one === undefined ? [] : [one]));
    const backends = (await route())?.spec.rules.flatMap(({ backendRefs }) => backendRefs) ?? [];
    const versionOf = (name: string) => known.find(({ revision }) => name === `digits-${revision}`)?.version ?? name;
    return backends.map(({ name, weight = 1 }) => `v${versionOf(name)} ${weight}`).join(", ");
  };
  const splits = (wanted: string) => eventually(split, (now) => now === wanted, 60_000);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "modelwright-routes-"));
    auditLog = join(folder, "audit.jsonl");
    cluster = await startTestCluster({ auditLog });
    sandbox = await createSandbox(cluster, namespace);
    controller = startGatewayController(cluster.client, namespace);
    await sandbox.startOperator().leads;
  }, startTimeoutMs + toolTimeoutMs);

  afterAll(async () => {
    await controller?.stop();
    await sandbox?.stop();
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("that the operator may not write says how to grant the right", { timeout }, async () => {
    const spec = { ...model("good-1.h5"), replicas: 2, traffic, rollout: { canary } };
    const { apiVersion, kind } = { apiVersion: "modelwright.dev/v1alpha1", kind: "ModelDeployment" };
    await cluster.client.create(resources.modelDeployments, { apiVersion, kind, metadata: key, spec });
    expect(await readyIs("GatewayApiForbidden")).toBe(
      "HTTPRoute digits cannot be written: the operator has no permission for HTTPRoutes; install the chart with --set gatewayApi.enabled=true, or remove spec.traffic.httpRoute",
    );
  });

  test("of a kind that the server does not serve says what to install", { timeout }, async () => {
    const objects = await rendered({ gatewayApi: { enabled: true } });
    const role = objects.find(({ metadata }) => metadata.name === "modelwright-operator-models");
    await cluster.client.apply(clusterRoles, { ...role, kind: "ClusterRole" } as KubeObject, { force: true }); // rendered
    const retried = setInterval(() => void touch(), 500);
    const message = await readyIs("GatewayApiMissing").finally(() => clearInterval(retried));
    expect(message).toBe(
      "HTTPRoute digits cannot be written: the API server does not serve HTTPRoute of gateway.networking.k8s.io/v1; install the Gateway API's CustomResourceDefinitions, or remove spec.traffic.httpRoute",
    );
    expect(ready(await deployment())?.status).toBe("False");
  });

  test(
    "is written once the Gateway API is installed, and the model waits for its acceptance",
    { timeout },
    async () => {
      const definition = JSON.parse(await readFile(definitionFile, "utf8")) as KubeObject; // a CustomResourceDefinition
      await cluster.client.apply(resources.customResourceDefinitions, definition);
      const retried = setInterval(() => void touch(), 1000);
      await eventually(
        () => route().catch(() => undefined),
        (found) => found !== undefined,
        60_000,
      ).finally(() => clearInterval(retried));
      controller.decision = "accept";
      await readyIs("AsDeclared");
      expect((await route())?.spec).toMatchObject({
        hostnames: ["digits.example.com"],
        parentRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "public", namespace: "edge" }],
      });
      expect(await split()).toBe("v1 100");
    },
  );

  test("splits a canary, whose steps wait for its acceptance", { timeout }, async () => {
    controller.decision = "none";
    await patch(model("good-2.h5"));
    await splits("v1 90, v2 10");
    const held = await reaches(({ status }) => status?.candidate?.weight === 10);
    await sleep(1500);
    expect((await deployment())?.status?.step).toBe(held?.status?.step);
    expect(ready(await deployment())?.message).toContain("Gateway edge/public");
    controller.decision = "accept";
    await reaches(({ status }) => status?.rollout?.paused === true);
    await sendCommand(cluster.client, key, "promote");
    await readyIs("AsDeclared");
    await splits("v2 100");
  });

  test("sends all requests to the stable revision when the canary is aborted", { timeout }, async () => {
    await patch(model("good-3.h5"));
    await reaches(({ status }) => status?.rollout?.paused === true);
    await splits("v2 90, v3 10");
    await cluster.client.mergePatch(resources.modelDeployments, key, {
      metadata: { annotations: { [annotations.abort]: "1" } },
    });
    await readyIs("RolledBack");
    await splits("v2 100");
    await patch(model("good-2.h5"));
    await readyIs("AsDeclared");
  });

  test("that a Gateway rejects makes Ready False until it is accepted", { timeout }, async () => {
    controller.decision = "reject";
    expect(await readyIs("RouteNotAccepted")).toBe(
      "HTTPRoute digits is not served by Gateway edge/public: NotAllowedByListeners, no listener takes routes of this namespace; see spec.traffic.httpRoute.parentRefs and hostnames, and what the Gateway allows",
    );
    controller.decision = "accept";
    await readyIs("AsDeclared");
  });

  test("points to the Service with path Gateway, and is removed with spec.traffic", { timeout }, async () => {
    await patch({ traffic: { ...traffic, path: "Gateway" } });
    await splits("vdigits 1");
    const services = () => cluster.client.list(resources.services, { namespace });
    await eventually(services, ({ items }) => items.map(({ metadata }) => metadata.name).join() === "digits", 30_000);
    await patch({ traffic: null });
    await eventually(route, (found) => found === undefined, 30_000);
    await readyIs("AsDeclared");
  });

  test("needs every right that gatewayApi.enabled grants, and no other", async () => {
    const granted = await grantedRights(cluster.kubectl, [["clusterrole", "modelwright-operator-models"]]);
    const { allowed, forbidden } = await usedRights(auditLog, operatorUser);
    const ofRoutes = (rights: readonly string[]) =>
      rights.filter((right) => / httproutes\.|delete services$/.test(right));
    // `get` reads a route of ours that is missing in the cache; `list` is for servers without streaming lists.
    const usedElsewhere = ["get", "list"].map((verb) => `${verb} httproutes.gateway.networking.k8s.io`);
    expect(forbidden.filter((right) => !right.includes("httproutes"))).toEqual([]);
    expect(ofRoutes(allowed).filter((right) => !granted.includes(right))).toEqual([]);
    expect(ofRoutes(granted).filter((right) => !allowed.includes(right) && !usedElsewhere.includes(right))).toEqual([]);
  });
});
