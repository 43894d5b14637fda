import type { RequestListener, Server } from "node:http";
import type { Server as NetServer, Socket } from "node:net";
import { createServer } from "../base/node-http.ts";
import { faults } from "./faults.ts";
import type { ConnectionLane } from "./plain-http/connection-lane.ts";

/** How a server keeps itself from being held by slow, many or greedy clients. */
export interface ConnectionLimits {
  readonly headerBytes: number;
  readonly headersTimeoutMs: number;
  /** Longest time for one whole request, body included. */
  readonly requestTimeoutMs: number;
  /** Longer than the gateway keeps idle connections, so that never the server closes one that a request is coming on. */
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
}

/** Enough for clients that are well; what is slower or larger is in the way of others. */
export const defaultConnectionLimits: ConnectionLimits = {
  headerBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 300_000,
  keepAliveTimeoutMs: 65_000,
  maxConnections: 8192,
};

/** Where a server listens, and for whom it answers. */
export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Flag that sets the port, for the message when it is taken. */
  readonly portFlag: string;
  readonly limits?: ConnectionLimits;
  /** Its listener tells clients itself, by `writeContinue`, that it wants the bodies that they ask about (`expect: 100-continue`). */
  readonly asksForBodies?: boolean;
  /** Takes connections first, as long as their requests are plain. */
  readonly lane?: ConnectionLane;
}

/** Opens a listening socket. Throws `PortTaken` or `AddressUnavailable`. */
export async function openHttpServer(options: HttpServerOptions, listener: RequestListener): Promise<HttpServer> {
  const limits = options.limits ?? defaultConnectionLimits;
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: 1_000,
      noDelay: true,
    },
    listener,
  );
  server.maxConnections = limits.maxConnections;
  const { lane, asksForBodies = false } = options;
  if (asksForBodies) server.on("checkContinue", listener);
  if (lane !== undefined) putBefore(server, lane);
  await listening(server, options);
  return new HttpServer(server, lane);
}

/** Node's server gets a connection from the lane, by the listener that would have had it at once. */
function putBefore(server: Server, lane: ConnectionLane): void {
  const listeners = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    lane.take(socket, () => {
      for (const listener of listeners) listener.call(server, socket);
    });
  });
}

/** A listening socket and its connections. */
export class HttpServer {
  readonly #server: Server;
  readonly #lane: ConnectionLane | undefined;
  #closed: Promise<void> | undefined;

  constructor(server: Server, lane?: ConnectionLane) {
    this.#server = server;
    this.#lane = lane;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Has a connection that came to another socket, as if it had come to its own. */
  take(socket: Socket): void {
    this.#server.emit("connection", socket);
  }

  /** Takes no new connections, closes idle ones, resolves when the last request is answered. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
      this.#lane?.close();
    });
    return this.#closed;
  }

  /** Cuts what is still open. */
  cut(): void {
    this.#server.closeAllConnections();
    this.#lane?.cut();
  }
}

/** Resolves when the socket is open. Rejects with `PortTaken` or `AddressUnavailable`. */
export function listening(
  server: NetServer,
  { host, port, portFlag }: Pick<HttpServerOptions, "host" | "port" | "portFlag">,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const failed = (thrown: NodeJS.ErrnoException): void => {
    const taken = thrown.code === "EADDRINUSE";
    const fault = taken
      ? faults.PortTaken({ host, port, flag: portFlag }, thrown)
      : faults.AddressUnavailable({ host, port, reason: thrown.message }, thrown);
    reject(fault);
  };
  server.once("error", failed);
  server.listen({ port, host }, () => {
    server.off("error", failed);
    resolve();
  });
  return promise;
}
