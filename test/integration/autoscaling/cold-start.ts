import digit from "../../../operator/cli/example/digit.json" with { type: "json" };
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { standing } from "../local/client/observed.ts";
import { until } from "../local/client/until.ts";
import { predict, predictions } from "../local/client/wire.ts";
import type { Started } from "../local/started.ts";

/** Outcome of the requests held for a first pod. */
export interface ColdStart {
  readonly right: number;
  /** Failed or wrong responses. */
  readonly lost: readonly string[];
  /** From the requests to the last response. */
  readonly ms: number;
}

const greyLevels = 16;
const instances = [digit.pixels.map((grey) => grey / greyLevels)];
/** A new model keeps its first pod for a minute, until its load is known. */
const restLimitMs = 240_000;

/** Creates models that scale to zero from the example's file, served by `local`. */
export async function makeModels({ client }: Started, names: readonly string[]): Promise<void> {
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
export async function atRest(local: Started, name: string): Promise<void> {
  await until(
    async () => standing(await local.deployment(name), "Ready"),
    (ready) => ready === "True ScaledToZero",
    restLimitMs,
  );
}

/** Sends so many concurrent requests to a model at zero; their responses once a real pod has started. */
async function coldStart({ restUrl }: Started, name: string, requests: number): Promise<ColdStart> {
  const startedMs = performance.now();
  const lost: string[] = [];
  const ask = async (): Promise<void> => {
    try {
      const [row = []] = predictions(await predict(restUrl, name, instances));
      const found = row.indexOf(Math.max(...row));
      if (found !== digit.label) lost.push(`the class ${found}`);
    } catch (thrown) {
      lost.push(String(thrown));
    }
  };
  await Promise.all(Array.from({ length: requests }, ask));
  return { right: requests - lost.length, lost, ms: performance.now() - startedMs };
}

/** Cold starts of models at zero, two at a time. */
export async function coldStarts(
  local: Started,
  names: readonly string[],
  requests: number,
): Promise<readonly ColdStart[]> {
  const left = names.values();
  const all: ColdStart[] = [];
  const lane = async (): Promise<void> => {
    for (const name of left) all.push(await coldStart(local, name, requests));
  };
  await Promise.all([lane(), lane()]);
  return all;
}
