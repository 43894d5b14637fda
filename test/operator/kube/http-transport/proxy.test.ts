import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Connection, plainConnection } from "../../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../../operator/kube/http-transport.ts";
import { Fault } from "../../../../runtime/base/fault.ts";
import { selfSigned } from "../../../bench/certificate.ts";
import { type ScriptedProxy, startScriptedProxy } from "../scripted-proxy.ts";
import { json, startScriptedServer } from "../scripted-server.ts";

const identity = selfSigned(Date.now());
const get = { method: "GET", path: "/api/v1/pods" } as const;
let server: Server;
let proxy: ScriptedProxy;

beforeEach(async () => {
  server = createServer(identity, (request, response) => response.end(request.url));
  await once(server.listen(0, "127.0.0.1"), "listening");
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await proxy.stop();
});

function secureConnection(proxyUrl: string | undefined): Connection {
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const credentials = { headers: {}, tls: { ca: identity.cert } };
  const url = `https://127.0.0.1:${port}`;
  return { ...plainConnection(url), proxyUrl, credentials: () => Promise.resolve(credentials) };
}

test("requests go over TLS through one tunnel of a proxy that requires authentication", async () => {
  proxy = await startScriptedProxy();
  const connection = secureConnection(proxy.url.replace("//", "//me:p%40ss@"));
  const transport = createHttpTransport({ connection });
  const bodies = [(await transport.send(get)).body, (await transport.send(get)).body];
  await transport.close();
  expect({ bodies, connectRequests: proxy.connectRequests }).toEqual({
    bodies: ["/api/v1/pods", "/api/v1/pods"],
    connectRequests: [[connection.server.replace("https://", ""), `Basic ${btoa("me:p@ss")}`]],
  });
});

test("requests without TLS go through a tunnel, too", async () => {
  proxy = await startScriptedProxy();
  const plain = await startScriptedServer(json({}));
  const transport = createHttpTransport({ connection: { ...plainConnection(plain.url), proxyUrl: proxy.url } });
  const { status } = await transport.send(get);
  await transport.close();
  await plain.stop();
  expect({ status, connectRequests: proxy.connectRequests }).toEqual({
    status: 200,
    connectRequests: [[plain.url.replace("http://", ""), undefined]],
  });
});

test("a proxy that refuses the tunnel is named in the fault", async () => {
  proxy = await startScriptedProxy("407 Proxy Authentication Required");
  const connection = secureConnection(proxy.url);
  const transport = createHttpTransport({ connection });
  const thrown: unknown = await transport.send(get).catch((error: unknown) => error);
  await transport.close();
  const target = connection.server.replace("https://", "");
  expect(thrown instanceof Fault && thrown.message).toBe(
    `GET /api/v1/pods got no response from the API server: the proxy ${proxy.url.replace("http://", "")} answered CONNECT ${target} with 407`,
  );
});

test("an unreachable proxy is a connection error", async () => {
  proxy = await startScriptedProxy();
  await proxy.stop();
  const transport = createHttpTransport({ connection: secureConnection(proxy.url) });
  const thrown: unknown = await transport.send(get).catch((error: unknown) => error);
  await transport.close();
  proxy = await startScriptedProxy();
  expect(thrown instanceof Fault && thrown.message.replace(/:\d+$/, "")).toBe(
    "GET /api/v1/pods got no response from the API server: connect ECONNREFUSED 127.0.0.1",
  );
});

test("nothing is sent to a server with an untrusted certificate", async () => {
  proxy = await startScriptedProxy();
  const credentials = { headers: {}, tls: { ca: selfSigned(Date.now()).cert } };
  for (const proxyUrl of [undefined, proxy.url]) {
    const connection = { ...secureConnection(proxyUrl), credentials: () => Promise.resolve(credentials) };
    const transport = createHttpTransport({ connection });
    const thrown: unknown = await transport.send(get).catch((error: unknown) => error);
    await transport.close();
    expect(thrown instanceof Fault && thrown.message).toContain("self-signed certificate");
  }
});
