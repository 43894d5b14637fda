import { createServer, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import type { GatewayMessage, Route, TableMessage } from "../../../runtime/contract/route-table.ts";

/** The operator's side of a gateway's route stream: pushes tables and waits for their acknowledgements. */
export interface FakeOperator {
  readonly url: string;
  /** Sends a message; resolves with the time until its acknowledgement in milliseconds. */
  push(message: TableMessage): Promise<number>;
  close(): void;
}

/** Starts the HTTP server for one gateway. */
export async function startFakeOperator(): Promise<FakeOperator> {
  let stream = Promise.withResolvers<ServerResponse>();
  const waiting = new Map<number, () => void>();
  const server = createServer((request, response) => {
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    response.flushHeaders();
    const lines = createInterface({ input: request });
    lines.on("error", () => {});
    lines.on("line", (line) => {
      const message = JSON.parse(line) as GatewayMessage; // the gateway's side of the contract
      if (message.type === "hello") stream.resolve(response);
      if (message.type === "ack") waiting.get(message.version)?.();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    async push(message) {
      const response = await stream.promise;
      const line = `${JSON.stringify(message)}\n`;
      const acknowledged = new Promise<void>((resolve) => {
        if (message.type !== "ping") waiting.set(message.version, resolve);
      });
      const startMs = performance.now();
      response.write(line);
      await acknowledged;
      return performance.now() - startMs;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
      stream = Promise.withResolvers();
    },
  };
}

/** The route with number `index`, with one ready pod at this port. */
export function benchRoute(index: number, podPort: number): Route {
  const name = `model-${index}`;
  const namespace = "default";
  return {
    key: `${namespace}/${name}`,
    resourceVersion: String(index + 1),
    model: name,
    port: 20_000 + index,
    hostnames: [`${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`],
    revisions: [
      {
        hash: "a1b2c3d4",
        version: "1",
        weight: 100,
        endpoints: [{ pod: `${name}-a1b2c3d4-x`, address: "127.0.0.1", port: podPort }],
        draining: [],
        labels: ["stable"],
      },
    ],
    hold: { maxRequests: 256, maxBytes: 67_108_864, timeoutMs: 60_000 },
    bodyBytes: 67_108_864,
    timeoutMs: 60_000,
  };
}
