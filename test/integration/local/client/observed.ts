import type { Condition, ModelDeployment } from "../../../../crds/v1alpha1/model-deployment.ts";
import type { Event, Pod, ReplicaSet } from "../../../../operator/kube/kinds.ts";
import { resources } from "../../../../operator/kube/resources.ts";
import { labels } from "../../../../operator/model-deployment/resources/labels.ts";
import type { LocalMode } from "../local-mode.ts";
import { until } from "./until.ts";

const namespace = "default";

type Source = ModelDeployment["spec"]["model"]["source"];

/** A ModelDeployment with this source and further fields of its spec. */
export function deploymentOf(name: string, source: Source, spec: Partial<ModelDeployment["spec"]> = {}) {
  return {
    apiVersion: "modelwright.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: { name, namespace },
    spec: { ...spec, model: { source } },
  } as const;
}

/** Applies a ModelDeployment as `start -f` does, so that omitted fields are removed. Resolves with the new generation. */
export async function apply(local: LocalMode, deployment: ReturnType<typeof deploymentOf>): Promise<number> {
  const options = { force: true, fieldManager: "modelwright-local" };
  const { metadata } = await local.client.apply(resources.modelDeployments, deployment, options);
  return metadata.generation ?? 0;
}

/** The condition of this type, if there is one. */
export function conditionOf(deployment: ModelDeployment | undefined, type: Condition["type"]): Condition | undefined {
  return deployment?.status?.conditions?.find((condition) => condition.type === type);
}

/** Status and reason of a condition, such as `True AsDeclared`. */
export function conditionText(deployment: ModelDeployment | undefined, type: Condition["type"]): string {
  const { status = "absent", reason = "" } = conditionOf(deployment, type) ?? {};
  return `${status} ${reason}`;
}

/** Waits until the condition has this status and reason (`is`) for this generation. */
export async function settled(
  local: LocalMode,
  name: string,
  { type = "Ready", is, generation }: { type?: Condition["type"]; is: string; generation: number },
): Promise<ModelDeployment> {
  const last = await until(
    () => local.deployment(name),
    (deployment) =>
      conditionText(deployment, type) === is && conditionOf(deployment, type)?.observedGeneration === generation,
  );
  if (last === undefined) throw new Error(`${name} is gone`);
  return last;
}

/** The pods of a ModelDeployment. */
export async function podsOf(local: LocalMode, name: string): Promise<readonly Pod[]> {
  const { items } = await local.client.list<Pod>(resources.pods, selection(name));
  return items;
}

/** The ReplicaSets of a ModelDeployment. */
export async function replicaSetsOf(local: LocalMode, name: string): Promise<readonly ReplicaSet[]> {
  const { items } = await local.client.list<ReplicaSet>(resources.replicaSets, selection(name));
  return items;
}

/** Events about an object, as `Warning LambdaLayer: …`. */
export async function eventsOf(local: LocalMode, kind: string, name: string): Promise<readonly string[]> {
  const { items } = await local.client.list<Event>(resources.events, { namespace });
  return items
    .filter(({ involvedObject }) => involvedObject.kind === kind && involvedObject.name === name)
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

function selection(name: string) {
  return { namespace, labelSelector: `${labels.deployment}=${name}` };
}
