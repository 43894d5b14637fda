import { expect, test } from "vitest";

import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { signalMetrics } from "../../../operator/signals/signal-metrics.ts";
import { metricSet } from "../../../runtime/base/metrics.ts";
import { modelDeployment } from "../../builders/model-deployment.ts";

test("a candidate's weight, verdict and divergence are exported until it is gone", async () => {
  const metrics = metricSet({ processMetrics: false });
  const observers = signalMetrics(metrics);
  const candidates = rolloutsUnderWay();
  for (const [key, deployment] of candidates) observers.deployment(key, deployment);
  const lines = async (): Promise<readonly string[]> =>
    (await metrics.exposition()).text.split("\n").filter((line) => line.startsWith("modelwright_candidate"));
  expect(await lines()).toEqual([
    'modelwright_candidate_weight_ratio{namespace="default",name="judged",revision="bbbbb"} 0.1',
    'modelwright_candidate_weight_ratio{namespace="default",name="new",revision="ccccc"} 0',
    'modelwright_candidate_verdict_info{namespace="default",name="judged",revision="bbbbb",verdict="Pass"} 1',
    'modelwright_candidate_divergence_ratio{namespace="default",name="judged",revision="bbbbb"} 0.02',
  ]);
  for (const [key] of candidates) observers.deployment(key, undefined);
  expect(await lines()).toEqual([]);
});

function rolloutsUnderWay(): readonly (readonly [string, ModelDeployment])[] {
  const share = (revision: string, weight: number) => ({ revision, version: "1", weight, ready: 1 });
  const stable = share("aaaaa", 90);
  const analysis = { verdict: "Pass", requests: 200, divergence: { compared: 100, differing: 2 } } as const;
  const statuses: Readonly<Record<string, NonNullable<ModelDeployment["status"]>>> = {
    "default/judged": { stable, candidate: share("bbbbb", 10), rollout: { analysis } },
    "default/new": { stable, candidate: share("ccccc", 0) },
    "default/first": { candidate: share("ddddd", 100) },
  };
  return Object.entries(statuses).map(([key, status]) => [key, { ...modelDeployment(), status }] as const);
}
