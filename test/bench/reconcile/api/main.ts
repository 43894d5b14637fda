/**
 * A Kubernetes API server with minimal cost, in a separate process: objects in memory, no schema, no checks except of UID and
 * resourceVersion. It serves TLS and writes a pod's service account to FOLDER. It first sends its port to the process that forked it,
 * then takes `Commands` from it.
 *
 *     api/main.ts FOLDER
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { modelDeploymentDefinition } from "../../../../crds/v1alpha1/definition.ts";
import { gatewayLabels, systemNamespace } from "../../../../operator/model-deployment/resources/labels.ts";
import type { ModelFacts } from "../../../../runtime/contract/model-facts.ts";
import { ports } from "../../../../runtime/contract/ports.ts";
import { selfSigned } from "../../certificate.ts";
import { simulateControllers } from "./simulated-controllers.ts";
import { serveConnection } from "./connection.ts";
import { createRequestLog } from "./request-log.ts";
import type { Call, Commands, Result } from "./protocol.ts";
import { answerOf } from "./requests.ts";
import { fields, list } from "./server-defaults.ts";
import { createStore, type StoredObject } from "./store.ts";

const folder = process.argv[2] ?? "";
/** A loopback address that no other server of this kind uses. */
const podAddress = `127.99.${(process.pid >> 8) & 255}.${process.pid & 255}`;
const facts: ModelFacts = {
  name: "model",
  version: "1",
  state: "Ready",
  format: "keras-v3",
  engine: "TensorFlowJs/wasm",
  digest: `sha256:${"0123456789abcdef".repeat(4)}`,
  bytes: 123_456,
  signature: "features: float32[-1,64] → output_0: float32[-1,10]",
};

const store = createStore();
const requestLog = createRequestLog();
const controllers = simulateControllers(store, podAddress);
const user = { agent: "bench", query: new URLSearchParams(), contentType: "application/merge-patch+json" };

/** Handles a request as from a client, without a socket. */
function send(method: string, path: string, body: unknown): void {
  const reply = answerOf(store, { ...user, method, path, body: JSON.stringify(body) });
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${"body" in reply ? reply.body : reply.status}`);
}

const gatewayPath = `/api/v1/namespaces/${systemNamespace}/pods`;
const deploymentsPath = "/apis/modelwright.dev/v1alpha1/namespaces/default/modeldeployments";
let createdMs = performance.now();
let touches = 0;

/** Number of objects that are created before requests are answered again. */
const batch = 20;

const commands: Commands = {
  async create(from, to) {
    createdMs = performance.now();
    for (let index = from; index < to; index += 1) {
      const metadata = { name: `model-${index}`, namespace: "default" };
      const spec = { model: { source: { configMap: { name: "models", key: "digits.h5" } } }, replicas: 2 };
      send("POST", deploymentsPath, {
        apiVersion: "modelwright.dev/v1alpha1",
        kind: "ModelDeployment",
        metadata,
        spec,
      });
      if (index % batch === batch - 1) await new Promise(setImmediate);
    }
  },
  untilStatuses: (count) => requestLog.untilStatuses(count, createdMs),
  change(name, patch) {
    const outcome = requestLog.outcome(`default/${name}`);
    send("PATCH", `${deploymentsPath}/${name}`, patch);
    return outcome;
  },
  async touchGateway() {
    touches += 1;
    send("PATCH", `${gatewayPath}/gateway`, { metadata: { annotations: { touched: String(touches) } } });
  },
  async startPods() {
    controllers.startPods();
  },
  untilQuiet: (quietMs) => requestLog.untilQuiet(quietMs),
  requestCounts: async (agent) => requestLog.requestCounts(agent),
  async resetCounts() {
    requestLog.reset();
  },
  async countReady() {
    return [...store.collection("modeldeployments").entries.values()].filter(({ object }) => isReady(object)).length;
  },
};

function isReady({ status, metadata }: StoredObject): boolean {
  const ready = list(fields(status)["conditions"]).find(({ type }) => type === "Ready");
  return ready?.["status"] === "True" && ready["observedGeneration"] === metadata.generation;
}

process.on("message", (call: Call) => {
  const respond = (result: Omit<Result, "id">): unknown => process.send?.({ id: call.id, ...result });
  const command = commands[call.command] as (...args: readonly never[]) => Promise<unknown>; // the caller has the types
  command(...call.args).then(
    (value) => respond({ value }),
    (thrown: unknown) => respond({ error: String(thrown) }),
  );
});
process.on("disconnect", () => process.exit());

const definition = { ...modelDeploymentDefinition, apiVersion: "apiextensions.k8s.io/v1" };
send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
send("POST", gatewayPath, {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "gateway", namespace: systemNamespace, labels: gatewayLabels },
  spec: { containers: [{ name: "gateway", image: "modelwright/runtime:bench" }] },
  status: { phase: "Running", podIP: "10.9.0.1", conditions: [{ type: "Ready", status: "True" }] },
});
const factsServer = createHttpServer((_request, response) => response.end(JSON.stringify(facts)));
await once(factsServer.listen(ports.admin, podAddress), "listening");
const identity = selfSigned(Date.now());
const server = createServer(identity, (socket) => {
  // As Go's servers do: otherwise a response of two writes would wait for the client's acknowledgement of the first.
  socket.setNoDelay(true);
  serveConnection(socket, (request) => {
    const reply = answerOf(store, request);
    requestLog.record(request);
    return reply;
  });
});
await once(server.listen(0, "127.0.0.1"), "listening");
writeFileSync(join(folder, "ca.crt"), identity.cert);
writeFileSync(join(folder, "namespace"), systemNamespace);
writeFileSync(join(folder, "token"), "bench");
const { port } = server.address() as AddressInfo; // a TCP server that listens has one
process.send?.({ id: 0, value: port } satisfies Result);
