import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { faults } from "./faults.ts";
import { locatedRoute } from "./routing/locate.ts";
import type { LiveRoute, RouteTable } from "./routing/table.ts";

/** Called with each request and the route it means. */
export type Forward = (request: IncomingMessage, response: ServerResponse, live: LiveRoute) => void;

interface ListenerOptions {
  readonly host: string;
  readonly frontPort: number;
  readonly table: () => RouteTable;
  readonly forward: Forward;
  /** Answers a request that means no route. */
  readonly refuse: (response: ServerResponse, fault: Fault) => void;
  readonly log: Log;
}

/** Idle client connections are kept for longer than load balancers keep theirs (60 s is common), so that they close first. */
const keepAliveTimeoutMs = 75_000;
const headersTimeoutMs = 10_000;

/** The gateway's sockets: one shared front port, and one port per ModelDeployment that comes and goes with its route. */
export class Listeners {
  readonly #options: ListenerOptions;
  readonly #byPort = new Map<number, { key: string; server: Server }>();
  #front: Server | undefined;
  #draining = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Opens the front port; throws the socket's error when it is taken. */
  async open(): Promise<void> {
    const { frontPort, host } = this.#options;
    this.#front = this.#server(() => undefined);
    await listening(this.#front, frontPort, host);
  }

  /** Opens and closes per-model ports so that they match the table. A port that is taken is tried again at the next table. */
  align(table: RouteTable): void {
    const wanted = new Map([...table.byKey.values()].map(({ route }) => [route.port, route.key]));
    for (const [port, { key, server }] of this.#byPort) {
      if (wanted.get(port) === key) continue;
      this.#byPort.delete(port);
      server.close();
      server.closeIdleConnections();
    }
    for (const [port, key] of wanted) if (!this.#byPort.has(port)) this.#openModelPort(port, key);
  }

  /** From now on answers end their connections; resolves when the last request is answered. */
  async drain(): Promise<void> {
    this.#draining = true;
    const servers = [...this.#byPort.values()].map(({ server }) => server);
    if (this.#front !== undefined) servers.push(this.#front);
    await Promise.all(servers.map(closed));
  }

  #openModelPort(port: number, key: string): void {
    const server = this.#server(() => this.#options.table().byKey.get(key));
    this.#byPort.set(port, { key, server });
    listening(server, port, this.#options.host).catch((thrown: unknown) => {
      if (this.#byPort.get(port)?.server === server) this.#byPort.delete(port);
      this.#options.log.warn("model port cannot be opened", { port, key, fault: Fault.from(thrown).message });
    });
  }

  #server(fixed: () => LiveRoute | undefined): Server {
    const { forward, refuse, table } = this.#options;
    const server = createServer(
      { keepAliveTimeout: keepAliveTimeoutMs, headersTimeout: headersTimeoutMs, requestTimeout: 0, noDelay: true },
      (request, response) => {
        if (this.#draining) response.setHeader("connection", "close");
        try {
          forward(request, response, fixed() ?? locatedRoute(table(), request));
        } catch (thrown) {
          request.resume();
          refuse(response, Fault.from(thrown));
        }
      },
    );
    return server;
  }
}

/** The fault for a port that cannot be opened, with the flag that changes it. */
export function frontPortFault(thrown: unknown, port: number): Fault {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return code === "EADDRINUSE" ? faults.PortInUse({ port }, thrown) : Fault.from(thrown);
}

function listening(server: Server, port: number, host: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ port, host }, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}

function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  return promise;
}
