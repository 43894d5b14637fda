import digit from "../../../operator/cli/example/digit.json" with { type: "json" };
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { conditionText } from "../local/client/observed.ts";
import { until } from "../local/client/until.ts";
import { predict, predictions } from "../local/client/predict.ts";
import type { LocalMode } from "../local/local-mode.ts";

/** Outcome of the requests held for a first pod. */
export interface ColdStart {
  readonly correct: number;
  /** Failed or wrong responses. */
  readonly failed: readonly string[];
  /** Time from the requests to the last response. */
  readonly ms: number;
}

const greyLevels = 16;
const instances = [digit.pixels.map((grey) => grey / greyLevels)];
/** Time limit for scaling to zero: a new model keeps its first pod for a minute, until its load is known. */
const scaleDownTimeoutMs = 240_000;

/** Creates models that scale to zero from the example's file, served by `local`. */
export async function createModels({ client }: LocalMode, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const deployment = {
      apiVersion: "modelwright.dev/v1alpha1",
      kind: "ModelDeployment",
      metadata: { namespace: "default", name },
      spec: {
        model: { name, source: { configMap: { name: "simple-model", key: "simple_model.h5" } } },
        autoscaling: { min: 0, max: 1, class: "Economy" },
      },
    } satisfies ModelDeployment;
    await client.create(resources.modelDeployments, deployment);
  }
}

/** Waits until the model is Ready at zero replicas. */
export async function untilScaledToZero(local: LocalMode, name: string): Promise<void> {
  await until(
    async () => conditionText(await local.deployment(name), "Ready"),
    (ready) => ready === "True ScaledToZero",
    scaleDownTimeoutMs,
  );
}

/** Sends concurrent requests to a model at zero and waits for their responses. */
async function coldStart({ restUrl }: LocalMode, name: string, requests: number): Promise<ColdStart> {
  const startedMs = performance.now();
  const failed: string[] = [];
  const ask = async (): Promise<void> => {
    try {
      const [row = []] = predictions(await predict(restUrl, name, instances));
      const found = row.indexOf(Math.max(...row));
      if (found !== digit.label) failed.push(`the class ${found}`);
    } catch (thrown) {
      failed.push(String(thrown));
    }
  };
  await Promise.all(Array.from({ length: requests }, ask));
  return { correct: requests - failed.length, failed, ms: performance.now() - startedMs };
}

/** Cold-starts models at zero, two at a time. */
export async function coldStarts(
  local: LocalMode,
  names: readonly string[],
  requests: number,
): Promise<readonly ColdStart[]> {
  const left = names.values();
  const all: ColdStart[] = [];
  const worker = async (): Promise<void> => {
    for (const name of left) all.push(await coldStart(local, name, requests));
  };
  await Promise.all([worker(), worker()]);
  return all;
}
