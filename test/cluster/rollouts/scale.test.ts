import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import type { KubeObject, Stored } from "../../../operator/kube/kinds.ts";
import { type Resource, resources } from "../../../operator/kube/resources.ts";
import { model } from "../../builders/model-deployment.ts";
import { eventually } from "../../builders/operator-scene.ts";
import { startTimeoutMs, whyNotHere } from "../control-plane.ts";
import { openPlace, type Place } from "../faults/stage/place.ts";
import { printed, type Stage, startStage } from "../faults/stage/stage.ts";
import { type ExternalMetrics, startExternalMetrics } from "./external-metrics.ts";

const reason = whyNotHere();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

const namespace = "scales";
const key = { namespace, name: "digits" };
const timeout = 90_000;
const autoscalers: Resource = {
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  namespaced: true,
};
const horizontalPodAutoscaler = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: key,
  spec: {
    scaleTargetRef: { apiVersion: "modelwright.dev/v1alpha1", kind: "ModelDeployment", name: key.name },
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [
      {
        type: "External",
        external: { metric: { name: "load" }, target: { type: "AverageValue", averageValue: "10" } },
      },
    ],
    behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
  },
};
/** As a GitOps pipeline keeps it: replicas are nobody's there. */
const manifest: KubeObject & { readonly spec: object } = {
  apiVersion: "modelwright.dev/v1alpha1",
  kind: "ModelDeployment",
  metadata: { ...key, labels: { pipeline: "one" } },
  spec: model("good-1.h5"),
};

describe.skipIf(reason !== undefined)(`/scale on a real Kubernetes control plane${skipped}`, () => {
  let stage: Stage;
  let place: Place;
  let metrics: ExternalMetrics;

  const deployment = () => stage.client.get<ModelDeployment>(resources.modelDeployments, key);
  const reaches = (satisfies: (found: ModelDeployment & Stored) => boolean) =>
    eventually(deployment, (found) => found !== undefined && satisfies(found), 60_000);
  const condition = (found: ModelDeployment | undefined, type: string) =>
    found?.status?.conditions?.find((one) => one.type === type);
  const serves = (count: number) =>
    reaches((found) => condition(found, "Ready")?.status === "True" && found.status?.stable?.ready === count);
  const pipeline = () =>
    stage.client.apply<typeof manifest>(resources.modelDeployments, manifest, { fieldManager: "pipeline" });
  const scaled = (count: number) =>
    printed(stage.kubectl, ["scale", "mwd/digits", `--namespace=${namespace}`, `--replicas=${count}`]);

  beforeAll(async () => {
    stage = await startStage({
      // What is named `localhost` is on no node.
      apiServerFlags: ["--enable-aggregator-routing=false"],
      controllerFlags: ["--horizontal-pod-autoscaler-sync-period=1s"],
    });
    place = await openPlace(stage, namespace);
    metrics = await startExternalMetrics(stage.client, stage.server.tls);
    await place.startOperator().leads;
    await pipeline();
    await serves(1);
  }, startTimeoutMs);

  afterAll(async () => {
    await metrics?.stop();
    await place?.stop();
    await stage?.stop();
  });

  test("kubectl scale says how many pods", { timeout }, async () => {
    expect(await scaled(3)).toBe("modeldeployment.modelwright.dev/digits scaled\n");
    await serves(3);
    const query = "--output=jsonpath={.spec.replicas} {.status.replicas} {.status.selector}";
    const path = ["get", "mwd/digits", "--subresource=scale", `--namespace=${namespace}`, query];
    expect(await printed(stage.kubectl, path)).toBe("3 3 modelwright.dev/model-deployment=digits");
  });

  test("a manifest without replicas, applied again, leaves the number alone", { timeout }, async () => {
    const before = await deployment();
    const { spec, metadata } = await pipeline();
    expect([spec, metadata.generation]).toEqual([{ ...model("good-1.h5"), replicas: 3 }, before?.metadata.generation]);
  });

  test("a HorizontalPodAutoscaler brings pods and takes them away", { timeout }, async () => {
    metrics.value = 40;
    await stage.client.create(autoscalers, horizontalPodAutoscaler);
    await serves(4);
    metrics.value = 20;
    await serves(2);
    metrics.value = 5;
    await serves(1);
    expect(condition(await deployment(), "ReplicasIgnored")).toBeUndefined();
  });

  test("with spec.autoscaling its number has no effect, and a condition says so", { timeout }, async () => {
    await stage.client.mergePatch(resources.modelDeployments, key, { spec: { autoscaling: { min: 2, max: 3 } } });
    await serves(2);
    metrics.value = 50;
    const found = await reaches((one) => condition(one, "ReplicasIgnored")?.status === "True");
    expect(condition(found, "ReplicasIgnored")?.message).toMatch(
      /^spec\.replicas is [2-5] and has no effect: spec\.autoscaling decides; remove one of the two, or the HPA, KEDA or kubectl scale that writes it$/,
    );
    await reaches(({ spec }) => spec.replicas === 5);
    const { status } = (await reaches((one) => one.status?.autoscaling?.desired !== undefined)) ?? {};
    expect([status?.autoscaling?.desired, status?.stable?.ready]).toEqual([2, 2]);
  });

  test("a manifest without replicas never drifts, whoever scales", { timeout }, async () => {
    await stage.client.remove(autoscalers, key);
    await stage.client.mergePatch(resources.modelDeployments, key, { spec: { autoscaling: null } });
    for (const count of [2, 4]) {
      await scaled(count);
      await serves(count);
      const { metadata } = (await deployment()) ?? manifest;
      const applied = await pipeline();
      expect([applied.metadata.generation, applied.spec]).toEqual([
        metadata.generation,
        { ...model("good-1.h5"), replicas: count },
      ]);
    }
  });
});
