import { once } from "node:events";
import { createServer } from "node:http";

import type { Client } from "../../../../operator/kube/client.ts";
import type { Pod, Stored } from "../../../../operator/kube/kinds.ts";
import { resourcePath, resources } from "../../../../operator/kube/resources.ts";
import type { Transport } from "../../../../operator/kube/transport.ts";
import { labels } from "../../../../operator/model-deployment/resources/labels.ts";
import type { ModelFacts } from "../../../../runtime/contract/model-facts.ts";
import { adminPaths } from "../../../../runtime/contract/paths.ts";
import { ports } from "../../../../runtime/contract/ports.ts";
import { addOwnNode } from "../../../builders/own-node.ts";
import type { View } from "./view.ts";

/** Prefix of model files whose pods fail instead of becoming ready. */
export const badModel = "bad";

/** Stands in for scheduler, kubelet and runtime: binds pods of models to a node, makes them ready or failed, and removes deleted ones. */
export interface SimulatedPods {
  /** Number of pods of a revision that were made ready and still exist. */
  ready(namespace: string, revision: string): number;
  stop(): Promise<void>;
}

interface Cluster {
  readonly client: Client;
  readonly transport: Transport;
  readonly view: View;
}

const node = "simulated";
/** Below the 40 s without heartbeats after which a node counts as lost. */
const heartbeatMs = 10_000;

const facts: ModelFacts = {
  name: "digits",
  version: "1",
  state: "Ready",
  format: "KerasH5",
  engine: "TensorFlowJs/wasm",
  digest: `sha256:${"0".repeat(64)}`,
  bytes: 1,
  signature: "features: float32[-1,64] → output_0: float32[-1,10]",
};

/** Starts following the pods of all namespaces. */
export async function simulatePods({ client, transport, view }: Cluster): Promise<SimulatedPods> {
  const address = `127.${(process.pid % 200) + 20}.${Math.floor(Math.random() * 250)}.1`;
  const runtime = await startRuntime(address);
  await addOwnNode(client, { name: node, labels: {} });
  const beat = (): Promise<unknown> => client.apply(resources.leases, heartbeat(), { force: true });
  await beat();
  const beating = setInterval(() => void beat().catch(() => {}), heartbeatMs);
  const ready = new Map<string, string>();
  const known = new Set<string>();
  const start = async (pod: Pod & Stored): Promise<void> => {
    const { name, namespace = "", uid } = pod.metadata;
    const path = `${resourcePath(resources.pods, { namespace, name })}/binding`;
    const target = { apiVersion: "v1", kind: "Node", name: node };
    const body = JSON.stringify({ apiVersion: "v1", kind: "Binding", metadata: { name, uid }, target });
    await transport.send({ method: "POST", path, headers: { "content-type": "application/json" }, body });
    const isBad = JSON.stringify(pod.spec).includes(`${badModel}-`);
    if (!isBad) ready.set(uid, revisionKey(pod));
    const patch = { metadata: { uid }, status: statusOf(isBad, address) };
    await client.mergePatch(resources.pods, { namespace, name }, patch, { subresource: "status" });
  };
  const unsubscribe = view.pods.subscribe(({ type, object }) => {
    const { uid, deletionTimestamp } = object.metadata;
    if (type === "removed") ready.delete(uid);
    const isOurs = object.metadata.labels?.[labels.deployment] !== undefined;
    const step = deletionTimestamp === undefined ? "start" : "end";
    if (type === "removed" || !isOurs || known.has(`${step} ${uid}`)) return;
    known.add(`${step} ${uid}`);
    // The pod may have been removed meanwhile.
    void (step === "start" ? start(object) : end(object, client)).catch(() => {});
  });
  return {
    ready: (namespace, revision) => [...ready.values()].filter((key) => key === `${namespace} ${revision}`).length,
    async stop() {
      unsubscribe();
      clearInterval(beating);
      runtime.closeAllConnections();
      await once(runtime.close(), "close");
    },
  };
}

/** Serves the admin port of every pod: the facts about its model. */
async function startRuntime(address: string): Promise<ReturnType<typeof createServer>> {
  const server = createServer(({ url }, response) => {
    response.writeHead(url === adminPaths.model ? 200 : 404).end(JSON.stringify(facts));
  });
  await once(server.listen(ports.admin, address), "listening");
  return server;
}

function revisionKey({ metadata: { namespace = "", labels: own } }: Pod & Stored): string {
  return `${namespace} ${own?.[labels.revision] ?? ""}`;
}

function end({ metadata: { namespace, name, uid } }: Pod & Stored, client: Client): Promise<boolean> {
  return client.remove(resources.pods, { namespace, name }, { preconditions: { uid }, gracePeriodSeconds: 0 });
}

function heartbeat(): Parameters<Client["apply"]>[1] & { readonly spec: object } {
  const renewTime = new Date().toISOString().replace("Z", "000Z");
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { namespace: "kube-node-lease", name: node },
    spec: { holderIdentity: node, leaseDurationSeconds: 40, renewTime },
  };
}

function statusOf(isBad: boolean, podIP: string): Pod["status"] {
  const message = JSON.stringify({ code: "DigestMismatch", message: "the model is not what was promised" });
  const state = isBad ? { terminated: { exitCode: 65, reason: "Error", message } } : { running: {} };
  const container = { name: "runtime", ready: !isBad, restartCount: 0, image: "runtime", imageID: "", state };
  return {
    phase: "Running",
    podIP,
    conditions: [{ type: "Ready", status: isBad ? "False" : "True" }],
    containerStatuses: [container],
  };
}
