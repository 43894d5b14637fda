import { createServer, type Server, type Socket } from "node:net";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { listening } from "../server/http-server.ts";
import type { LiveRoute } from "./routing/live.ts";

interface ModelPortsOptions {
  readonly host: string;
  readonly maxConnections: number;
  /** Gets each connection that comes to one of them. */
  readonly take: (socket: Socket) => void;
  readonly log: Log;
}

interface ModelPort {
  key: string;
  /** Undefined until its turn to be opened comes. */
  server: Server | undefined;
}

/** Opening ten thousand ports takes a second: in between, requests are answered. */
const openedAtOnce = 64;

/**
 * One listening socket per ModelDeployment, which comes and goes with its route. There are ten thousand of them: each is a bare
 * socket, and one HTTP server has the connections of all.
 */
export class ModelPorts {
  readonly #options: ModelPortsOptions;
  readonly #byPort = new Map<number, ModelPort>();
  readonly #portByKey = new Map<string, number>();
  /** Whose each port is, or was last: connections outlive their port. */
  readonly #keys = new Map<number, string>();
  /** Those whose turn to be opened has not come, and those that were taken when it did. */
  #waiting = new Set<number>();
  readonly #taken = new Set<number>();
  #isOpening = false;

  constructor(options: ModelPortsOptions) {
    this.#options = options;
  }

  /** The ModelDeployment that a port belongs to, or belonged to last; undefined: it is none of these ports. */
  keyOf(port: number | undefined): string | undefined {
    return port === undefined ? undefined : this.#keys.get(port);
  }

  /** Follows what a table message changed. A port that another program has is tried again with the next change. */
  align(upserted: readonly LiveRoute[], removed: readonly LiveRoute[]): void {
    for (const { route } of removed) this.#leave(route.key);
    for (const { route } of upserted) {
      if (this.#portByKey.get(route.key) === route.port) continue;
      this.#leave(route.key);
      this.#assign(route.key, route.port);
    }
    for (const port of this.#taken) this.#waiting.add(port);
    this.#taken.clear();
    this.#openSome();
  }

  /** Takes no new connections; resolves when all have ended. Until then requests on them are for the same models. */
  async close(): Promise<void> {
    const open = [...this.#byPort.values()].flatMap(({ server }) => server ?? []);
    this.#waiting = new Set();
    await Promise.all(open.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #assign(key: string, port: number): void {
    const known = this.#byPort.get(port);
    if (known === undefined) {
      this.#byPort.set(port, { key, server: undefined });
      this.#waiting.add(port);
    } else {
      // One of them is about to get another port, in this table or the next.
      if (this.#portByKey.get(known.key) === port) this.#portByKey.delete(known.key);
      known.key = key;
    }
    this.#portByKey.set(key, port);
    this.#keys.set(port, key);
  }

  #leave(key: string): void {
    const port = this.#portByKey.get(key);
    if (port === undefined) return;
    this.#portByKey.delete(key);
    this.#byPort.get(port)?.server?.close();
    this.#byPort.delete(port);
    this.#waiting.delete(port);
    this.#taken.delete(port);
  }

  #openSome(): void {
    if (this.#isOpening) return;
    let count = 0;
    for (const port of this.#waiting) {
      if (count === openedAtOnce) {
        this.#isOpening = true;
        setImmediate(() => {
          this.#isOpening = false;
          this.#openSome();
        });
        return;
      }
      this.#waiting.delete(port);
      this.#open(port);
      count += 1;
    }
  }

  #open(port: number): void {
    const assigned = this.#byPort.get(port);
    if (assigned === undefined) return;
    const { host, take, maxConnections, log } = this.#options;
    const server = createServer(doorOptions, take);
    server.maxConnections = maxConnections;
    assigned.server = server;
    listening(server, { host, port, portFlag: "status.gateway.port" }).catch((thrown: unknown) => {
      log.warn("model port cannot be opened", { port, key: assigned.key, fault: Fault.from(thrown).message });
      if (this.#byPort.get(port) !== assigned) return;
      assigned.server = undefined;
      this.#taken.add(port);
    });
  }
}

/** As Node's HTTP server opens its own sockets. */
const doorOptions = { allowHalfOpen: true, noDelay: true };
