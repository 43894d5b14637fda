import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** A real HTTP proxy that opens tunnels, or refuses them with a status. */
export interface ScriptedProxy {
  readonly url: string;
  /** Target and Proxy-Authorization of each CONNECT request. */
  readonly connectRequests: readonly (readonly [target: string | undefined, login: string | undefined])[];
  stop(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1; with `refusal`, a status line, it refuses tunnels. */
export async function startScriptedProxy(refusal?: string): Promise<ScriptedProxy> {
  const connectRequests: [string | undefined, string | undefined][] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("connect", ({ url = "", headers }: IncomingMessage, inner: Socket) => {
    connectRequests.push([url, headers["proxy-authorization"]]);
    if (refusal !== undefined) return void inner.end(`HTTP/1.1 ${refusal}\r\n\r\n`);
    const target = new URL(`http://${url}`);
    const outer = connect(Number(target.port), target.hostname, () => {
      inner.write("HTTP/1.1 200 Connection established\r\n\r\n");
      outer.pipe(inner).pipe(outer);
    });
    for (const socket of [inner, outer]) socket.on("error", () => [inner, outer].forEach((one) => one.destroy()));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    connectRequests,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
