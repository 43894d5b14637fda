import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { defaultConnectionLimits, openHttpServer, type HttpServer } from "../server/http-server.ts";
import { locatedRoute, type Probe } from "./routing/locate.ts";
import type { LiveRoute } from "./routing/live.ts";
import type { RouteTable } from "./routing/table.ts";

/** Called with each request and the route it means. */
export type Forward = (request: IncomingMessage, response: ServerResponse, live: LiveRoute) => void;

interface ListenerOptions {
  readonly host: string;
  readonly frontPort: number;
  readonly table: () => RouteTable;
  readonly forward: Forward;
  /** Answers a request that means no route. */
  readonly refuse: (response: ServerResponse, fault: Fault) => void;
  /** Answers a question about the gateway itself. */
  readonly tell: (response: ServerResponse, probe: Probe) => void;
  readonly log: Log;
}

interface ModelPort {
  readonly key: string;
  readonly opening: Promise<HttpServer | undefined>;
}

/** Idle client connections are kept for longer than load balancers keep theirs (60 s is common), so that they close first. */
const limits = {
  ...defaultConnectionLimits,
  keepAliveTimeoutMs: 75_000,
  // The route's own deadline bounds a request; a held one may upload for longer than any general limit.
  requestTimeoutMs: 0,
};

/** The gateway's sockets: one shared front port, and one port per ModelDeployment that comes and goes with its route. */
export class Listeners {
  readonly #options: ListenerOptions;
  readonly #byPort = new Map<number, ModelPort>();
  #front: HttpServer | undefined;
  #draining = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Opens the front port. Throws `PortTaken` when another program has it. */
  async open(): Promise<void> {
    const { frontPort, host } = this.#options;
    const listener = this.#listener(() => undefined);
    this.#front = await openHttpServer({ host, port: frontPort, portFlag: "--rest-port", limits }, listener);
  }

  /** Opens and closes per-model ports so that they match the table. A port that is taken is tried again at the next table. */
  align(table: RouteTable): void {
    const wanted = new Map([...table.byKey.values()].map(({ route }) => [route.port, route.key]));
    for (const [port, { key, opening }] of this.#byPort) {
      if (wanted.get(port) === key) continue;
      this.#byPort.delete(port);
      void opening.then((server) => server?.close());
    }
    for (const [port, key] of wanted)
      if (!this.#byPort.has(port)) this.#byPort.set(port, { key, opening: this.#modelPort(port, key) });
  }

  /** From now on answers end their connections; resolves when the last request is answered. */
  async drain(): Promise<void> {
    this.#draining = true;
    const servers = await Promise.all([...this.#byPort.values()].map(({ opening }) => opening));
    await Promise.all([this.#front, ...servers].map((server) => server?.close() ?? Promise.resolve()));
  }

  async #modelPort(port: number, key: string): Promise<HttpServer | undefined> {
    const { host, table, log } = this.#options;
    const listener = this.#listener(() => table().byKey.get(key));
    try {
      return await openHttpServer({ host, port, portFlag: "status.gateway.port", limits }, listener);
    } catch (thrown) {
      this.#byPort.delete(port);
      log.warn("model port cannot be opened", { port, key, fault: Fault.from(thrown).message });
      return undefined;
    }
  }

  #listener(fixed: () => LiveRoute | undefined): RequestListener {
    const { forward, refuse, table, tell } = this.#options;
    return (request, response) => {
      if (this.#draining) response.setHeader("connection", "close");
      try {
        const located = fixed() ?? locatedRoute(table(), request);
        if (typeof located !== "string") {
          forward(request, response, located);
          return;
        }
        request.resume();
        tell(response, located);
      } catch (thrown) {
        request.resume();
        refuse(response, Fault.from(thrown));
      }
    };
  }
}
