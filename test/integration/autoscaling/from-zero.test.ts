import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import digit from "../../../operator/cli/example/digit.json" with { type: "json" };
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { conditionOf, conditionText } from "../local/client/observed.ts";
import { until } from "../local/client/until.ts";
import { predict, predictions } from "../local/client/predict.ts";
import { type LocalMode, startLocalMode } from "../local/local-mode.ts";
import { untilScaledToZero, coldStarts, createModels } from "./cold-start.ts";

vi.setConfig({ testTimeout: 180_000 });

const key = { namespace: "default", name: "simple-model" };
const model = "simple_model";
/** Further models that get requests while at zero. */
const others = ["cold-1", "cold-2", "cold-3", "cold-4"];
const greyLevels = 16;
const instances = [digit.pixels.map((grey) => grey / greyLevels)];

/** The most likely digit of a prediction. */
async function predictedClass({ restUrl }: LocalMode): Promise<number> {
  const [row = []] = predictions(await predict(restUrl, model, instances));
  return row.indexOf(Math.max(...row));
}

describe("an autoscaled model", () => {
  let local: LocalMode;
  const now = (): Promise<ModelDeployment | undefined> => local.deployment(key.name);
  const desired = async (): Promise<number | undefined> => (await now())?.status?.autoscaling?.desired;

  beforeAll(async () => {
    local = await startLocalMode();
    await local.line(/^Ctrl-C stops everything/);
    const autoscaling = { min: 0, max: 3, class: "Economy", concurrencyPerReplica: 2 };
    await local.client.mergePatch(resources.modelDeployments, key, { spec: { autoscaling } });
    await createModels(local, others);
  });
  afterAll(() => local.stop());

  test("scales to zero without requests, and is Ready there", async () => {
    const last = await until(now, (found) => found?.status?.replicas === 0, 150_000);
    expect(last?.status?.autoscaling).toMatchObject({ desired: 0 });
    await until(
      async () => conditionText(await now(), "Ready"),
      (ready) => ready === "True ScaledToZero",
    );
    expect(conditionOf(await now(), "Ready")?.message).toMatch(/^no pods, because the autoscaler wants 0/);
  });

  test("answers all requests held at zero once the first pod is ready", async () => {
    const requests = Array.from({ length: 40 }, () => predictedClass(local));
    expect(new Set(await Promise.all(requests))).toEqual(new Set([digit.label]));
    await until(desired, (count) => (count ?? 0) > 0, 10_000);
  });

  test("scales up within seconds under load, up to its maximum", async () => {
    const ending = new AbortController();
    const client = async (): Promise<number> => {
      let answers = 0;
      for (; !ending.signal.aborted; answers += 1) {
        if ((await predictedClass(local)) !== digit.label) throw new Error("a wrong class");
      }
      return answers;
    };
    const clients = Array.from({ length: 24 }, client);
    const seen = await until(desired, (count) => (count ?? 0) > 1, 60_000).finally(() => ending.abort());
    expect(seen).toBeLessThanOrEqual(3);
    expect(Math.min(...(await Promise.all(clients)))).toBeGreaterThan(0);
  });

  test("loses no first request when several models start from zero at once", async () => {
    await Promise.all(others.map((name) => untilScaledToZero(local, name)));
    const all = await coldStarts(local, others, 5);
    expect(all.map(({ correct, failed }) => ({ correct, failed }))).toEqual(
      others.map(() => ({ correct: 5, failed: [] })),
    );
  });

  test("does not change spec.replicas", async () => {
    expect((await now())?.spec.replicas).toBe(1);
  });
});
