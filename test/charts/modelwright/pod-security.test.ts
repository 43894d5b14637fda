import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { readYaml } from "../../../crds/schema/yaml.ts";
import { type Client, createClient } from "../../../operator/kube/client.ts";
import { loadConnection } from "../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../operator/kube/http-transport.ts";
import type { KubeObject, PodTemplate } from "../../../operator/kube/kinds.ts";
import { type Resource, resources } from "../../../operator/kube/resources.ts";
import type { Transport } from "../../../operator/kube/transport.ts";
import { startTimeoutMs, whyNoControlPlane } from "../../cluster/control-plane.ts";
import { sharedControlPlane } from "../../cluster/shared.ts";
import { toolPath, toolTimeoutMs, whyNoTool } from "../tool.ts";
import { rendered, variants } from "./rendered.ts";

const reason = whyNoControlPlane() ?? whyNoTool("helm");
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

const namespace = "pod-security";
const golden = join(import.meta.dirname, "../../golden/resources");
const clusterWide = { version: "v1", namespaced: false } as const;
const priorities: Resource = {
  ...clusterWide,
  group: "scheduling.k8s.io",
  kind: "PriorityClass",
  plural: "priorityclasses",
};
const runtimes: Resource = { ...clusterWide, group: "node.k8s.io", kind: "RuntimeClass", plural: "runtimeclasses" };

/** Objects with pod templates: ReplicaSets of models, Deployments of the chart. */
interface Workload extends KubeObject {
  readonly spec: { readonly template: PodTemplate };
}

/** The ReplicaSet of every example. */
function ofExamples(): readonly (readonly [string, Workload])[] {
  return readdirSync(golden).map((example) => {
    const text = readFileSync(join(golden, example, "replica-set.yaml"), "utf8");
    return [example, readYaml(text, example)[0] as Workload]; // a golden file of one ReplicaSet
  });
}

describe.skipIf(reason !== undefined)(`pods in a namespace that enforces restricted${skipped}`, () => {
  let transport: Transport;
  let client: Client;

  beforeAll(async () => {
    await toolPath("helm");
    const { kubeconfigPath } = await sharedControlPlane();
    transport = createHttpTransport({ connection: await loadConnection({ kubeconfigPath }) });
    client = createClient({ transport, fieldManager: "test" });
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    const version = { apiVersion: "v1", kind: "Namespace" };
    await client.apply(resources.namespaces, { ...version, metadata: { name: namespace, labels } });
    // Classes that the examples use.
    const priority = { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", value: 1 };
    await client.apply(priorities, { ...priority, metadata: { name: "online" } });
    const runtime = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", handler: "nvidia" };
    await client.apply(runtimes, { ...runtime, metadata: { name: "nvidia" } });
  }, startTimeoutMs + toolTimeoutMs);

  afterAll(async () => {
    await client.remove(priorities, { name: "online" });
    await client.remove(runtimes, { name: "nvidia" });
    await client.remove(resources.namespaces, { name: namespace });
    await transport.close();
  });

  /** Creates a pod as a dry run, with all admission plugins. */
  const admitted = async ({ metadata, spec }: PodTemplate): Promise<KubeObject> => {
    const account = { namespace, name: spec.serviceAccountName ?? "default" };
    await client.apply(resources.serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: account });
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, namespace, name: "asked" }, spec };
    return client.create(resources.pods, pod, { dryRun: true });
  };

  test.each(ofExamples())("are admitted for the example %s", async (_example, { spec }) => {
    expect((await admitted(spec.template)).kind).toBe("Pod");
  });

  const usual = Object.entries(variants).filter(([, values]) => !JSON.stringify(values).includes("system-cluster"));
  test.each(usual)("are admitted for the chart %s", async (_sentence, values) => {
    const workloads = (await rendered(values)).filter(({ kind }) => kind === "Deployment");
    for (const { spec } of workloads as unknown as readonly Workload[]) await admitted(spec.template); // Deployments have one
    expect(new Set(workloads.map(({ metadata }) => metadata.name))).toEqual(
      new Set(["modelwright-gateway", "modelwright-operator"]),
    );
  });

  test("are refused when they could gain privileges", async () => {
    for (const [, { spec }] of ofExamples().slice(0, 1)) {
      const containers = spec.template.spec.containers.map((one) => ({ ...one, securityContext: {} }));
      const loose = { ...spec.template, spec: { ...spec.template.spec, containers } };
      await expect(admitted(loose)).rejects.toThrow('violates PodSecurity "restricted:latest"');
    }
  });
});
