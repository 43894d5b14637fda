/**
 * The operator on the in-process API-server model, with the stand-in controllers and a kubelet that makes every pod ready
 * at once: what it writes and how soon. A bare loop makes the same writes on a second model, in the same run. Prints the
 * seed; the same seed changes the same objects.
 *
 *     node test/bench/reconcile.ts [objects] [changes] [seed]
 */
import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import { resources } from "../../operator/kube/resources.ts";
import { printFigures, quantile } from "./figures.ts";
import { type Noted, replayed } from "./noted-requests.ts";
import { reconcileScene, type ReconcileScene } from "./reconcile-scene.ts";

const objects = Number(process.argv[2] ?? 1_000);
const changes = Number(process.argv[3] ?? 200);
const seed = Number(process.argv[4] ?? 1);

/** mulberry32: small, and the same everywhere. */
function seededRandom(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seededRandom(seed);
const name = (index: number): string => `digits-${index}`;
const anyKey = () => ({ namespace: "default", name: name(Math.floor(random() * objects)) });
const source = (key: string) => ({ model: { source: { configMap: { name: "models", key } } } });

function deployment(index: number): ModelDeployment {
  return {
    apiVersion: "modelwright.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: { name: name(index), namespace: "default" },
    spec: { ...source("digits.h5"), replicas: 2 },
  };
}

/** Requests by what they do, the ones that happen to all objects once an object. */
function counted(requests: readonly Noted[]): string {
  const counts = new Map<string, number>();
  for (const { label } of requests) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].map(([label, count]) => `${count} ${label}`).join(", ");
}

const isStatus = ({ label }: Noted): boolean => label === "PATCH modeldeployments/status";
const isChild = ({ label }: Noted): boolean => !label.includes("modeldeployments") && !label.startsWith("GET");

async function created(scene: ReconcileScene, bare: ReconcileScene) {
  const begunMs = performance.now();
  for (let index = 0; index < objects; index += 1) {
    await scene.client.create(resources.modelDeployments, deployment(index));
  }
  await scene.untilQuiet();
  const tookMs = (scene.operatorRequests.at(-1)?.endMs ?? Number.NaN) - begunMs;
  const requests = scene.operatorRequests.splice(0);
  const bareMs = await replayed([...scene.clientRequests.splice(0), ...requests], bare.server);
  return { tookMs, bareMs, requests };
}
