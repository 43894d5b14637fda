import type { Pod, PodSpec } from "../../../operator/kube/kinds.ts";
import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
import type { ApiObject } from "../../../operator/local/api-server/values/api-object.ts";
import type { JsonObject } from "../../../operator/local/api-server/values/json.ts";
import { timestamp } from "../../../operator/local/api-server/verbs/context.ts";
import type { Clock } from "../../../runtime/base/clock.ts";
import { environment } from "../../../runtime/contract/environment.ts";
import { containerPaths } from "../../../runtime/contract/paths.ts";
import type { RandomSource } from "../schedule/random.ts";

export interface KubeletOptions {
  readonly server: ApiServer;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** First pod number. */
  readonly podsBefore: number;
}

/** Name prefix of model files whose pods exit instead of becoming ready. */
export const badModel = "bad";

/** Simulates the kubelet: pods become ready or fail after a delay, and are removed some time after their deletion. */
export function startKubelet({ server: { store }, clock, random, podsBefore }: KubeletOptions): { stop(): void } {
  const pods = store.collection("pods.");
  const terminating = new Set<string>();
  let addresses = podsBefore;
  /** Calls `act` with the pod after a delay, unless it is gone by then. */
  const later = (ms: number, { metadata }: ApiObject, act: (pod: ApiObject) => void): void => {
    clock.after(ms, () => {
      const pod = pods.record("default", metadata.name)?.object;
      if (pod?.metadata.uid === metadata.uid) act(pod);
    });
  };
  const start = (object: ApiObject): void => {
    const podIP = `10.0.${Math.floor(addresses / 250)}.${1 + (addresses++ % 250)}`;
    later(random.integer(300, 4_000), object, (pod) => store.put(pods, { ...pod, status: started(pod, podIP, clock) }));
  };
  const end = (object: ApiObject): void => {
    const { uid, deletionTimestamp } = object.metadata;
    if (deletionTimestamp === undefined || terminating.has(uid)) return;
    terminating.add(uid);
    later(random.integer(200, 3_000), object, (pod) => store.remove(pods, pod));
  };
  // In a restored world some pods are starting or terminating.
  for (const { object } of pods.records("default")) {
    if (isPending(object)) start(object);
    end(object);
  }
  const stop = pods.subscribe(({ type, record: { object } }) => {
    if (object.metadata.namespace !== "default") return;
    if (type === "ADDED") start(object);
    if (type !== "DELETED") end(object);
  });
  return { stop };
}

function isPending({ status }: JsonObject): boolean {
  return (status as Pod["status"] | undefined)?.phase === "Pending"; // what the collection holds
}

const models = new WeakMap<object, string>();

/** The model file of a pod, as its spec names it; empty for none. */
export function modelOf({ spec = {} }: JsonObject): string {
  const known = models.get(spec as object); // a pod's spec is an object
  if (known !== undefined) return known;
  const { containers = [] } = spec as Partial<PodSpec>; // likewise
  const path = containers[0]?.env?.find(({ name }) => name === environment.modelPath)?.value ?? "";
  const model = path.startsWith(`${containerPaths.models}/`) ? path.slice(containerPaths.models.length + 1) : "";
  models.set(spec as object, model); // likewise
  return model;
}

function started(pod: ApiObject, podIP: string, clock: Clock): JsonObject {
  const isBad = modelOf(pod).startsWith(`${badModel}-`);
  const message = JSON.stringify({ code: "DigestMismatch", message: "the model is not what was promised" });
  const status: NonNullable<Pod["status"]> = {
    phase: "Running",
    podIP,
    conditions: [{ type: "Ready", status: isBad ? "False" : "True", lastTransitionTime: timestamp(clock) }],
    containerStatuses: [
      {
        name: "runtime",
        ready: !isBad,
        restartCount: 0,
        image: "runtime",
        imageID: "",
        state: isBad ? { terminated: { exitCode: 65, reason: "Error", message } } : { running: {} },
      },
    ],
  };
  return status as unknown as JsonObject; // a status is JSON
}
