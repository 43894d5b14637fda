import type { RolloutSpec } from "../../crds/v1alpha1/rollout/rollout.ts";
import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import { resources } from "../../operator/kube/resources.ts";
import { annotations, labels } from "../../operator/model-deployment/resources/labels.ts";
import type { Change } from "./schedule/schedule.ts";
import type { World } from "./world/world.ts";

/** Time limit for the answers to commands. */
const answersWithinMs = 300_000;
const strategies = ["canary", "blueGreen", "recreate", "analysis", "capacity", "revisionHistoryLimit"];

/** Makes a change as the user. */
export async function applyChange(world: World, name: string, act: Change["act"]): Promise<unknown> {
  const { client } = world;
  const key = { namespace: "default", name };
  const patched = (patch: object): Promise<unknown> => client.mergePatch(resources.modelDeployments, key, patch);
  const annotated = (notes: object): Promise<unknown> => patched({ metadata: { annotations: notes } });
  switch (act.kind) {
    case "create":
      return client.create(resources.modelDeployments, {
        apiVersion: "modelwright.dev/v1alpha1",
        kind: "ModelDeployment",
        metadata: key,
        // Longer than the clock faults, which are an hour.
        spec: {
          model: { source: sourceOf(act.model, act.isClaimed === true) },
          replicas: act.replicas,
          rollout: act.rollout ?? { progressDeadline: "24h" },
        },
      } as never); // a spec of its kind
    case "model":
      return patched({ spec: { model: { source: sourceOf(act.model, isClaimed(deployment(world, name))) } } });
    case "replicas":
      return patched({ spec: { replicas: act.replicas } });
    case "suspend":
      return patched({ spec: { suspend: act.suspend } });
    case "annotate":
      return annotated({ note: "seen" });
    case "command":
    case "pause":
      return annotated(commandAnnotations(act));
    case "rollout":
      return patched({ spec: { rollout: replacingRollout(act.rollout) } });
    case "delete":
      return client.remove(resources.modelDeployments, key);
    case "foreign-service":
      return foreignService(world, key, act.isThere);
    default:
      return applyOther(world, name, act);
  }
}

function commandAnnotations(act: Extract<Change["act"], { readonly kind: "command" | "pause" }>): object {
  if (act.kind === "command") return { [annotations[act.command]]: act.value };
  return { [annotations.pause]: act.isPaused ? "looking" : null };
}

function isClaimed(deployed: ModelDeployment | undefined): boolean {
  return deployed?.spec.model.source.persistentVolumeClaim !== undefined;
}

function sourceOf(key: string, isClaimed: boolean): ModelDeployment["spec"]["model"]["source"] {
  return isClaimed
    ? { persistentVolumeClaim: { claimName: "models", path: key } }
    : { configMap: { name: "models", key } };
}

/** A merge patch that removes the previous strategy. */
function replacingRollout(rollout: RolloutSpec): object {
  return { ...Object.fromEntries(strategies.map((member) => [member, null])), ...rollout };
}

function foreignService({ client }: World, key: { namespace: string; name: string }, isThere: boolean) {
  if (!isThere) return client.remove(resources.services, key);
  return client.create(resources.services, {
    apiVersion: "v1",
    kind: "Service",
    metadata: key,
    spec: { ports: [{ port: 80 }] },
  } as never); // a spec of its kind
}

/** Changes other than those of the ModelDeployment. */
async function applyOther(world: World, name: string, act: Change["act"]): Promise<void> {
  if (act.kind === "quota") world.limitPods(act.pods);
  if (act.kind === "lose-candidate") await loseCandidate(world, name);
  if (act.kind === "await-answers") await untilAnswered(world, name);
}

function deployment({ server }: World, name: string): ModelDeployment | undefined {
  const found = server.store.collection("modeldeployments.modelwright.dev").record("default", name)?.object;
  return found as unknown as ModelDeployment | undefined; // what the collection holds
}

async function loseCandidate(world: World, name: string): Promise<void> {
  const candidate = deployment(world, name)?.status?.candidate?.revision;
  const pods = world.server.store.collection("pods.").records("default");
  for (const { object } of pods) {
    const { name: pod, labels: notes = {} } = object.metadata as { name: string; labels?: Record<string, string> }; // as every pod has them
    if (candidate === undefined || notes[labels.revision] !== candidate) continue;
    await world.client.remove(resources.pods, { namespace: "default", name: pod });
  }
}

async function untilAnswered(world: World, name: string): Promise<void> {
  const untilMs = world.clock.monotonic() + answersWithinMs;
  while (world.clock.monotonic() < untilMs && !isAnswered(deployment(world, name))) await world.advance(1_000);
}

function isAnswered(found: ModelDeployment | undefined): boolean {
  const given = found?.metadata.annotations ?? {};
  const answered = found?.status?.rollout?.answered;
  return (["promote", "promoteFull", "abort", "retry"] as const).every(
    (command) => given[annotations[command]] === answered?.[command],
  );
}
