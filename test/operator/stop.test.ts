import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { modelDeploymentDefinition } from "../../crds/v1alpha1/definition.ts";
import { type Client, createClient } from "../../operator/kube/client.ts";
import type { Lease } from "../../operator/kube/kinds.ts";
import { resources } from "../../operator/kube/resources.ts";
import { type ApiServer, createApiServer } from "../../operator/local/api-server/api-server.ts";
import { type HttpApiServer, serveHttp } from "../../operator/local/api-server/http-server.ts";
import { kubeconfigText } from "../../operator/local/kubeconfig.ts";
import { systemNamespace } from "../../operator/model-deployment/resources/labels.ts";
import { runProgram } from "../../operator/program.ts";
import { systemClock } from "../../runtime/base/clock.ts";
import { exitCodes } from "../../runtime/contract/exit-codes.ts";
import { modelDeployment } from "../builders/model-deployment.ts";
import { eventually } from "../builders/eventually.ts";

/** Limit from SIGTERM to exit, whatever the API server does. */
const stopWithinMs = 3_000;
const leaseKey = { namespace: systemNamespace, name: "modelwright-operator" };

const folder = mkdtempSync(join(tmpdir(), "modelwright-stop-"));
let model: ApiServer;
let http: HttpApiServer;
let connection: FaultyConnection;
let client: Client;

beforeEach(async () => {
  model = createApiServer({ clock: systemClock });
  http = await serveHttp(model, { host: "127.0.0.1", port: 0 });
  connection = await openConnection(Number(new URL(http.url).port));
  client = createClient({ transport: model, fieldManager: "test" });
  await client.apply(resources.customResourceDefinitions, modelDeploymentDefinition);
  await client.create(resources.namespaces, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: systemNamespace },
  });
});
afterEach(async () => {
  connection.close();
  await http.close();
  await model.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A faulty connection between the operator and its API server. */
interface FaultyConnection {
  readonly port: number;
  /** The server receives nothing any more but still sends: requests hang, watches deliver events. */
  dropRequests(): void;
  /** Connections break and new ones are refused. */
  disconnect(): void;
  close(): void;
}

async function openConnection(serverPort: number): Promise<FaultyConnection> {
  const sockets = new Set<Socket>();
  let dropsRequests = false;
  const server: Server = createServer((near) => {
    const far = connect(serverPort, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket.on("error", () => {}));
      socket.on("close", () => [near, far].forEach((one) => one.destroy()));
    }
    near.on("data", (bytes) => void (dropsRequests || far.write(bytes)));
    far.pipe(near);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const disconnect = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const { port } = server.address() as AddressInfo; // a TCP server's
  return { port, dropRequests: () => void (dropsRequests = true), disconnect, close: disconnect };
}

interface Running {
  /** Sends SIGTERM; resolves with the exit code and the time to exit. */
  stop(): Promise<{ code: number; tookMs: number }>;
}

async function running(): Promise<Running> {
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigText(`http://127.0.0.1:${connection.port}`));
  const signal = new AbortController();
  const flags = {
    kubeconfig,
    "runtime-image": "runtime:1",
    "routes-port": "0",
    "admin-port": "0",
    "log-level": "silent",
  };
  const args = Object.entries({ host: "127.0.0.1", ...flags }).flatMap(([flag, value]) => [`--${flag}`, value]);
  const code = runProgram(args, {}, signal.signal);
  await eventually(holder, (name) => name !== "");
  return {
    async stop() {
      const startedMs = performance.now();
      signal.abort();
      return { code: await code, tookMs: performance.now() - startedMs };
    },
  };
}

const holder = async (): Promise<string> =>
  (await client.get<Lease>(resources.leases, leaseKey))?.spec.holderIdentity ?? "";
const deploy = async (): Promise<void> => {
  const { apiVersion, kind, spec } = modelDeployment();
  const metadata = { name: "digits", namespace: "default" };
  await client.create(resources.modelDeployments, { apiVersion, kind, metadata, spec });
};

describe("SIGTERM ends the operator in three seconds", () => {
  test("and frees its lease, so that the next one takes over at once", async () => {
    const operator = await running();
    const { code, tookMs } = await operator.stop();
    expect({ code, holder: await holder() }).toEqual({ code: exitCodes.ok, holder: "" });
    expect(tookMs).toBeLessThan(stopWithinMs);
  });

  test("and a standby leads three seconds later at most", async () => {
    const first = await running();
    const before = await holder();
    const standby = await running();
    const startedMs = performance.now();
    const stopped = first.stop();
    await eventually(holder, (name) => name !== "" && name !== before);
    expect(performance.now() - startedMs).toBeLessThan(stopWithinMs);
    await stopped;
    await standby.stop();
  });

  /** Faults of the connection a while before SIGTERM. */
  const connectionFaults: Readonly<Record<string, () => Promise<void>>> = {
    "while the API server refuses connections": async () => connection.disconnect(),
    "while the API server answers nothing": async () => connection.dropRequests(),
    "while the API server answers nothing and a reconcile waits for it": async () => {
      connection.dropRequests();
      await deploy();
    },
  };

  test.for(Object.entries(connectionFaults))("%s", async ([, inject]) => {
    const operator = await running();
    await inject();
    // By now the operator tries in vain to renew the lease.
    await systemClock.sleep(2_500);
    const { code, tookMs } = await operator.stop();
    expect(code).toBe(exitCodes.ok);
    expect(tookMs).toBeLessThan(stopWithinMs);
  });
});
