import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { modelDeploymentDefinition } from "../../../../crds/v1alpha1/definition.ts";
import { createCache } from "../../../../operator/kube/cache.ts";
import { type Client, createClient } from "../../../../operator/kube/client.ts";
import { plainConnection } from "../../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../../operator/kube/http-transport.ts";
import type { KubeObject, Stored } from "../../../../operator/kube/kinds.ts";
import { resources } from "../../../../operator/kube/resources.ts";
import type { Transport } from "../../../../operator/kube/transport.ts";
import { startWatch } from "../../../../operator/kube/watch/watch.ts";
import { createApiServer } from "../../../../operator/local/api-server/api-server.ts";
import { Fault } from "../../../../runtime/base/fault.ts";
import { systemClock } from "../../../../runtime/base/clock.ts";
import { model } from "../../../builders/model-deployment.ts";
import { serveConnection } from "./connection.ts";
import { answerOf } from "./requests.ts";
import { createStore } from "./store.ts";

let server: Server;
let transport: Transport;

beforeAll(async () => {
  const store = createStore();
  server = createServer((socket) => serveConnection(socket, (request) => answerOf(store, request)));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  transport = createHttpTransport({ connection: plainConnection(`http://127.0.0.1:${port}`) });
});

afterAll(async () => {
  await transport.close();
  server.close();
});

const key = { namespace: "default", name: "digits" };
const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { ...key, labels: { a: "b" } },
  spec: { ports: [{ port: 1 }] },
};
const deployment = { apiVersion: "modelwright.dev/v1alpha1", kind: "ModelDeployment", metadata: key };
const status = { observedGeneration: 1 };

/** The code of an error, or the fields of a response that do not differ between servers. */
async function outcome(answer: Promise<unknown>): Promise<unknown> {
  const value = await answer.catch((thrown: unknown) => thrown);
  if (value instanceof Fault) return value.code;
  if (typeof value !== "object" || value === null) return value;
  const { metadata, ...rest } = value as KubeObject & Stored & { readonly spec?: { readonly replicas?: number } }; // an object
  const replicas = rest.spec?.replicas;
  return { kind: rest.kind, name: metadata.name, labels: metadata.labels, generation: metadata.generation, replicas };
}

/** Sends the requests of an operator, including refused ones, and returns their outcomes. */
async function trace(client: Client): Promise<unknown> {
  const outcomes: unknown[] = [];
  const ask = async <T>(answer: Promise<T>): Promise<T> => {
    outcomes.push(await outcome(answer));
    return answer;
  };
  await ask(client.create(resources.services, service));
  await ask(client.create(resources.services, service)).catch(() => {});
  await ask(client.get(resources.services, { ...key, name: "nowhere" }));
  const created = await ask(
    client.create(resources.modelDeployments, { ...deployment, spec: { ...model("digits.h5"), replicas: 1 } }),
  );
  const { uid, resourceVersion } = created.metadata;
  const identity = { ...deployment, metadata: { ...key, uid, resourceVersion } };
  await ask(client.applyStatus(resources.modelDeployments, { ...identity, status }, { force: true }));
  await ask(client.applyStatus(resources.modelDeployments, { ...identity, status }, { force: true })).catch(() => {});
  await ask(client.mergePatch(resources.modelDeployments, key, { spec: { replicas: 3 } }));
  const same = await ask(client.mergePatch(resources.modelDeployments, key, { spec: { replicas: 3 } }));
  const again = await ask(client.mergePatch(resources.modelDeployments, key, { spec: { replicas: 3 } }));
  outcomes.push(same.metadata.resourceVersion === again.metadata.resourceVersion);
  const cache = createCache<KubeObject>();
  const events: string[] = [];
  cache.subscribe(({ type, object }) => events.push(`${type} ${object.metadata.name}`));
  const watch = startWatch({ client, resource: resources.services, selection: { labelSelector: "a=b" }, sink: cache });
  await cache.untilSynced();
  const stale = { preconditions: { uid: "00000000-0000-4000-8000-000000000000" } };
  await ask(client.remove(resources.services, key, stale)).catch(() => {});
  await ask(client.remove(resources.services, key));
  await ask(client.remove(resources.services, key));
  while (events.length < 2) await systemClock.sleep(5);
  await watch.stop();
  return [...outcomes, ...events];
}

test("the benchmark's API server answers an operator like the API-server model", async () => {
  const real = createApiServer({ clock: systemClock });
  const onModel = createClient({ transport: real, fieldManager: "modelwright" });
  await onModel.apply(resources.customResourceDefinitions, modelDeploymentDefinition);
  const want = await trace(onModel);
  await real.close();
  expect(await trace(createClient({ transport, fieldManager: "modelwright" }))).toEqual(want);
});
