import { once } from "node:events";
import { Agent, createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";

import { playCall, type Rules } from "./proxied-call.ts";

export interface FaultProxyOptions {
  /** `https://host:port` of the API server, and who vouches for it. */
  readonly upstream: { readonly url: string; readonly ca: string };
  /** What the proxy proves itself with. */
  readonly tls: { readonly cert: string; readonly key: string };
}

/** Stands between a client and a real API server, over real sockets: passes on, refuses, is silent, breaks off. */
export interface FaultProxy extends Rules {
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Breaks every connection; none can be made until `accept`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  /** Breaks every connection; new ones can be made. */
  breakConnections(): void;
  /** Nothing passes in either direction, and nothing is closed, until `thaw`. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** Everything is passed on. */
export const openRules: Rules = {
  judge: () => undefined,
  onExchange: () => {},
  alter: (piece) => ({ piece, isCut: false }),
};

/** Starts a proxy on a free port of 127.0.0.1, which it keeps. */
export async function startFaultProxy({ upstream, tls }: FaultProxyOptions): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true, ca: upstream.ca });
  const sockets = new Set<Socket>();
  let frost = Promise.withResolvers<void>();
  frost.resolve();
  let server: Server | undefined;
  let port = 0;

  const open = async (): Promise<void> => {
    server = createServer(tls, (request, response) => {
      const { url } = upstream;
      void playCall({ rules: proxy, request, response, upstream: { url, agent }, moving: () => frost.promise });
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
    ...openRules,
    get port() {
      return port;
    },
    refuse,
    accept: async () => {
      if (server === undefined) await open();
    },
    breakConnections,
    freeze: () => void (frost = Promise.withResolvers<void>()),
    thaw: () => frost.resolve(),
    async stop() {
      frost.resolve();
      await refuse();
      agent.destroy();
    },
  };
  await open();
  return proxy;
}
