import { once } from "node:events";
import { Agent, createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";

import { proxyRequest, type Rules } from "./proxied-request.ts";

/** Options of `startFaultProxy`. */
export interface FaultProxyOptions {
  /** `https://host:port` of the API server and its CA certificate. */
  readonly upstream: { readonly url: string; readonly ca: string };
  /** The proxy's server certificate and key. */
  readonly tls: { readonly cert: string; readonly key: string };
}

/** A proxy between a client and a real API server that injects faults: refused connections, silence, broken connections, false responses. */
export interface FaultProxy extends Rules {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Breaks every connection and refuses new ones until `accept`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  /** Breaks every connection and accepts new ones. */
  breakConnections(): void;
  /** Forwards nothing in either direction and closes nothing until `thaw`. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** Rules that forward everything. */
export const passThrough: Rules = {
  intercept: () => undefined,
  onCompleted: () => {},
  alter: (chunk) => ({ chunk, isCut: false }),
};

/** Starts a proxy on a free port of 127.0.0.1, which it keeps through `refuse` and `accept`. */
export async function startFaultProxy({ upstream, tls }: FaultProxyOptions): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true, ca: upstream.ca });
  const sockets = new Set<Socket>();
  let thawed = Promise.withResolvers<void>();
  thawed.resolve();
  let server: Server | undefined;
  let port = 0;

  const open = async (): Promise<void> => {
    server = createServer(tls, (request, response) => {
      const { url } = upstream;
      void proxyRequest({ rules: proxy, request, response, upstream: { url, agent }, unfrozen: () => thawed.promise });
    });
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    });
    await once(server.listen(port, "127.0.0.1"), "listening");
    ({ port } = server.address() as AddressInfo); // a TCP server that listens has one
  };
  const breakConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const refuse = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    const closed = once(closing.close(), "close");
    breakConnections();
    await closed;
  };
  const proxy: FaultProxy = {
    ...passThrough,
    get port() {
      return port;
    },
    refuse,
    accept: async () => {
      if (server === undefined) await open();
    },
    breakConnections,
    freeze: () => void (thawed = Promise.withResolvers<void>()),
    thaw: () => thawed.resolve(),
    async stop() {
      thawed.resolve();
      await refuse();
      agent.destroy();
    },
  };
  await open();
  return proxy;
}
