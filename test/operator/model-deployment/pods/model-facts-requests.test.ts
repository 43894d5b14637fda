import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ModelDeploymentStatus } from "../../../../crds/v1alpha1/model-deployment.ts";
import { type Caches, createCaches } from "../../../../operator/model-deployment/caches.ts";
import { requestModelFacts } from "../../../../operator/model-deployment/pods/model-facts-requests.ts";
import { annotations, labels, systemNamespace } from "../../../../operator/model-deployment/resources/labels.ts";
import { createModelFactsSource } from "../../../../operator/signals/model-facts.ts";
import { systemClock } from "../../../../runtime/base/clock.ts";
import { silentLog } from "../../../../runtime/base/log.ts";
import { ports } from "../../../../runtime/contract/ports.ts";
import { eventually } from "../../../builders/eventually.ts";
import { modelDeployment } from "../../../builders/model-deployment.ts";

/** A loopback address that no other test listens on: the port is fixed by the contract. */
const address = "127.66.7.9";
const key = { namespace: "default", name: "digits" };
const model = { digest: "sha256:aa", signature: "x → y", format: "Keras", engine: "TensorFlowJs/wasm", bytes: 120 };
let server: Server;
let asked: number;
/** How many different answers the pod has; it repeats the last one. */
let answers: number;

beforeEach(async () => {
  asked = 0;
  answers = 100;
  server = createServer((_request, response) => {
    asked += 1;
    response.end(JSON.stringify(answer(asked)));
  });
  await new Promise<void>((resolve) => server.listen(ports.admin, address, resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The facts that the pod gives when it is asked for the nth time. */
function answer(nth: number): object {
  const bytes = Math.min(nth, answers);
  return { ...model, bytes, name: "digits", version: "1", state: "Ready", inPlace: { serving: "a", loaded: ["a"] } };
}

const share = { version: "1", digest: model.digest, replicas: 1, ready: 1, weight: 100 };
const settled: ModelDeploymentStatus = { stable: { ...share, revision: "a" }, model };
const rollingOut: ModelDeploymentStatus = { ...settled, candidate: { ...share, revision: "b", ready: 0, weight: 0 } };
const handedBack: ModelDeploymentStatus = { ...settled, stable: { ...share, revision: "a", ready: 0 } };

interface PodChanges {
  /** Revision of its label. */
  readonly label?: string;
  /** Revisions in its list; absent: it has no list. */
  readonly listed?: readonly string[];
  readonly mayBeUpdated?: boolean;
  readonly isOrphan?: boolean;
  readonly isTerminating?: boolean;
  readonly ready?: "True" | "False";
}

function podMetadata({ label = "a", listed, mayBeUpdated = true, isOrphan, isTerminating }: PodChanges) {
  const models = listed?.map((revision) => ({ revision, version: "1", path: "m.keras", format: "Auto" }));
  return {
    name: "digits-a-x1y2z",
    namespace: "default",
    uid: "uid-pod",
    resourceVersion: "3",
    labels: { [labels.deployment]: "digits", [labels.revision]: label },
    annotations: {
      ...(mayBeUpdated ? { [annotations.inPlaceKey]: "key" } : {}),
      ...(models === undefined ? {} : { [annotations.inPlaceModels]: JSON.stringify(models) }),
    },
    ...(isOrphan === true ? {} : { ownerReferences: [owner("ReplicaSet", "uid-set")] }),
    ...(isTerminating === true ? { deletionTimestamp: "2030-01-01T00:00:00Z" } : {}),
  };
}

function cachesWith(status: ModelDeploymentStatus, changes: PodChanges): Caches {
  const caches = createCaches(systemNamespace);
  const deployment = modelDeployment();
  caches.deployments.cache.upsert({ ...deployment, status });
  const named = { name: "digits-a", namespace: "default", uid: "uid-set", resourceVersion: "2" };
  caches.replicaSets.cache.upsert({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { ...named, ownerReferences: [owner("ModelDeployment", deployment.metadata.uid)] },
    spec: { selector: {}, template: { spec: { containers: [] } } },
  });
  caches.pods.cache.upsert({
    apiVersion: "v1",
    kind: "Pod",
    metadata: podMetadata(changes),
    spec: { containers: [] },
    status: { podIP: address, conditions: [{ type: "Ready", status: changes.ready ?? "True" }] },
  });
  return caches;
}

function owner(kind: string, uid: string) {
  return { apiVersion: "v1", kind, name: "owner", uid, controller: true };
}

/** Longer than an answer on the loopback address takes. */
const silenceMs = 60;

/** How often three reconciles ask the pod's runtime; the first `expected` ones wait for the answer. */
async function questions(status: ModelDeploymentStatus, changes: PodChanges, expected: number): Promise<number> {
  const source = createModelFactsSource({ clock: systemClock, log: silentLog });
  const caches = cachesWith(status, changes);
  for (const turn of [1, 2, 3]) {
    requestModelFacts(key, caches, source, () => {});
    if (turn > expected) {
      await systemClock.sleep(silenceMs);
      continue;
    }
    await eventually(
      () => source.facts("uid-pod")?.bytes,
      (bytes) => bytes === turn,
    );
  }
  return asked;
}

const updating = ["a", "b"];

describe("facts of a pod that may be updated in place are requested", () => {
  const cases: Readonly<Record<string, [ModelDeploymentStatus, PodChanges, number]>> = {
    "at every reconcile while it loads a second model": [rollingOut, { listed: updating }, 3],
    "at every reconcile after it was handed over": [rollingOut, { label: "b", listed: updating }, 3],
    "at every reconcile until it lets the other model go": [rollingOut, { label: "b", listed: ["b", "a"] }, 3],
    "at every reconcile after it was handed back": [handedBack, { listed: ["b", "a"] }, 3],
    "at every reconcile while its list has another revision alone": [rollingOut, { label: "b", listed: ["a"] }, 3],
    "while no ReplicaSet has it": [rollingOut, { label: "b", listed: updating, isOrphan: true }, 3],
    "while it is not ready": [rollingOut, { listed: updating, ready: "False" }, 3],
    "once during a rollout, before it is told of a model": [rollingOut, {}, 1],
    "once when it has its own model alone": [rollingOut, { listed: ["a"] }, 1],
    "not while it is terminating": [rollingOut, { listed: updating, isTerminating: true }, 0],
    "not when nothing is rolled out and all pods are ready": [settled, { listed: updating }, 0],
    "not when it keeps its model, and that is known": [rollingOut, { listed: updating, mayBeUpdated: false }, 0],
  };
  test.each(Object.entries(cases))("%s", async (_sentence, [status, changes, times]) => {
    expect(await questions(status, changes, times)).toBe(times);
  });

  test("and the key is reconciled only when they have changed", async () => {
    answers = 2;
    const source = createModelFactsSource({ clock: systemClock, log: silentLog });
    const caches = cachesWith(rollingOut, { listed: updating });
    let told = 0;
    await eventually(
      () => {
        requestModelFacts(key, caches, source, () => (told += 1));
        return asked;
      },
      (count) => count >= 5,
    );
    expect([told, source.facts("uid-pod")?.bytes]).toEqual([2, 2]);
  });
});
