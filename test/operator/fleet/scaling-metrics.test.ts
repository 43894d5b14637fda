import { expect, test } from "vitest";
import { scalingMetrics } from "../../../operator/fleet/scaling-metrics.ts";
import { metricSet } from "../../../runtime/base/metrics.ts";
import { modelDeployment } from "../../builders/model-deployment.ts";

test("an autoscaled model has metrics until it is deleted", async () => {
  const metrics = metricSet({ processMetrics: false });
  const observe = scalingMetrics(metrics);
  const shown = async (): Promise<readonly string[]> =>
    (await metrics.exposition()).text.split("\n").filter((line) => line.startsWith("modelwright_"));
  const status = { stable: { revision: "aaa", ready: 2 }, autoscaling: { desired: 3, signal: "4.2" } };
  observe("vision/digits", { ...modelDeployment(), status });
  expect(await shown()).toEqual([
    'modelwright_scaling_desired_pods{namespace="vision",name="digits"} 3',
    'modelwright_scaling_ready_pods{namespace="vision",name="digits"} 2',
    'modelwright_scaling_offered_requests{namespace="vision",name="digits"} 4.2',
  ]);
  observe("vision/digits", undefined);
  expect(await shown()).toEqual([]);
});
