import type { Condition, ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { createCache } from "../../../operator/kube/cache.ts";
import type { Client } from "../../../operator/kube/client.ts";
import type { Event, Pod, Stored } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { startWatch } from "../../../operator/kube/watch.ts";
import { labels } from "../../../operator/model-deployment/resources/labels.ts";
import { eventually } from "../../builders/operator-scene.ts";
import { disagreement } from "./kstatus.ts";

/** From when a cause can be seen until Ready says it, at most. */
export const toldWithinMs = 10_000;

/** What a ModelDeployment says about itself, with POD and REVISION for names that a test cannot know. */
export interface Told {
  /** `False ImagePullFailed`. */
  readonly ready: string;
  readonly message: string;
  /** The reason of Stalled or Reconciling, whichever is True. */
  readonly kstatus: string;
  readonly available: string;
}

/** Follows the ModelDeployments of a Kubernetes as a client sees them. */
export interface Witness {
  /** Every state that was seen, in order. */
  readonly states: readonly (ModelDeployment & Stored)[];
  /** What it says as soon as Ready has this reason for this generation; fails after ten seconds. */
  told(name: string, reason: string, generation: number): Promise<Told>;
  /** Ready was never True for this generation. */
  wasNeverReady(name: string, generation: number): boolean;
  stop(): Promise<void>;
}

export function witness(client: Client, namespace: string): Witness {
  const states: (ModelDeployment & Stored)[] = [];
  const cache = createCache<ModelDeployment>();
  cache.subscribe(({ type, object }) => void (type === "removed" || states.push(object)));
  const resource = resources.modelDeployments;
  const watch = startWatch<ModelDeployment>({ client, resource, selection: { namespace }, sink: cache });
  const isReadyFor = (object: ModelDeployment, generation: number): boolean => {
    const ready = conditionOf(object, "Ready");
    return ready?.status === "True" && ready.observedGeneration === generation;
  };
  return {
    states,
    async told(name, reason, generation) {
      const object = await eventually(
        () => cache.find({ namespace, name }),
        (seen) => {
          const ready = conditionOf(seen, "Ready");
          return ready?.reason === reason && ready.observedGeneration === generation;
        },
        toldWithinMs,
      );
      const ready = conditionOf(object, "Ready");
      const event = `${ready?.reason}: ${ready?.message}`;
      // What takes its course is no event.
      if (ready?.status === "False" && ready.reason !== "NothingServes")
        await eventSaid(client, { namespace, name }, event);
      return toldBy(object, await podNames(client, namespace));
    },
    wasNeverReady: (name, generation) =>
      states.filter(({ metadata }) => metadata.name === name).every((object) => !isReadyFor(object, generation)),
    stop: () => watch.stop(),
  };
}

/** The states in which the readers of status do not agree. */
export function disagreements(states: readonly ModelDeployment[]): readonly string[] {
  return states.map((object) => disagreement(object)).filter((why) => why !== undefined);
}

export function conditionOf(deployment: ModelDeployment | undefined, type: Condition["type"]): Condition | undefined {
  return deployment?.status?.conditions?.find((condition) => condition.type === type);
}

async function eventSaid(client: Client, about: { namespace: string; name: string }, text: string): Promise<void> {
  await eventually(
    async () => {
      const { items } = await client.list<Event>(resources.events, { namespace: about.namespace });
      return items
        .filter(({ involvedObject: { kind, name } }) => kind === "ModelDeployment" && name === about.name)
        .map(({ reason, message }) => `${reason}: ${message}`);
    },
    (texts) => texts.includes(text),
  );
}

async function podNames(client: Client, namespace: string): Promise<readonly string[]> {
  const { items } = await client.list<Pod>(resources.pods, { namespace, labelSelector: labels.deployment });
  return items.map(({ metadata }) => metadata.name);
}

function toldBy(object: (ModelDeployment & Stored) | undefined, pods: readonly string[]): Told {
  const { stable, candidate } = object?.status ?? {};
  const anonymous = (text: string): string => {
    const withoutPods = pods.reduce((rest, pod) => rest.replaceAll(pod, "POD"), text);
    const revisions = [stable?.revision, candidate?.revision].filter((revision) => revision !== undefined);
    return revisions.reduce((rest, revision) => rest.replaceAll(revision, "REVISION"), withoutPods);
  };
  const standing = (type: Condition["type"]): string => {
    const { status = "absent", reason = "" } = conditionOf(object, type) ?? {};
    return `${status} ${reason}`;
  };
  const abnormal = (["Stalled", "Reconciling"] as const).filter((type) => conditionOf(object, type) !== undefined);
  return {
    ready: standing("Ready"),
    message: anonymous(conditionOf(object, "Ready")?.message ?? ""),
    kstatus: abnormal.join(),
    available: standing("Available"),
  };
}
