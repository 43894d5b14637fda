import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { faults } from "./faults.ts";
import type { RequestRecord } from "./figures.ts";
import { Listeners } from "./listeners.ts";
import type { GatewayOptions } from "./options.ts";
import { answerFault, answerProbe } from "./proxy/answer.ts";
import { clientLeft, proxied, type ProxyParts } from "./proxy/proxied.ts";
import { Upstreams } from "./proxy/upstream.ts";
import { newestRoutes } from "./routing/newest.ts";
import { type Lookup, type Operators, operators } from "./routing/operators.ts";
import { queued } from "./routing/hold.ts";
import type { LiveRoute } from "./routing/live.ts";
import { addressesInUse, routeTable, type RouteTable } from "./routing/table.ts";

interface GatewayParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly record: (request: RequestRecord) => void;
  /** How hosts of operators are resolved. Default: as the system does. */
  readonly lookup?: Lookup;
}

/** nginx's status for a client that closed its connection before its answer. */
const clientClosedRequest = 499;
/** A refused client may go on sending for this long, so that it reads its answer. */
const lingerMs = 2_000;

/** The data-plane proxy. Knows only its route table; keeps serving by the last one when every operator is away. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #parts: GatewayParts;
  readonly #table: RouteTable;
  readonly #listeners: Listeners;
  readonly #upstreams = new Upstreams();
  readonly #proxy: ProxyParts;
  #operators: Operators | undefined;
  #draining = false;

  constructor(options: GatewayOptions, parts: GatewayParts) {
    this.#options = options;
    this.#parts = parts;
    this.#table = routeTable(
      (table) => {
        this.#upstreams.retain(addressesInUse(table));
        this.#listeners.align(table);
      },
      { gateway: options.gateway, monotonic: () => parts.clock.monotonic() },
    );
    this.#listeners = new Listeners({
      host: options.host,
      frontPort: options.restPort,
      table: () => this.#table,
      forward: (request, response, live) => void this.#forward(request, response, live),
      refuse: answerFault,
      tell: (response, probe) => answerProbe(response, probe, this.isReady),
      log: parts.log,
    });
    this.#proxy = {
      upstreams: this.#upstreams,
      clock: parts.clock,
      random: parts.random,
      wake: (key) => this.#operators?.wake(key),
    };
  }

  /** True once a table has come and until draining begins. */
  get isReady(): boolean {
    return this.#table.version > 0 && !this.#draining;
  }

  /** Changes of the route table so far, 0 before the first table. */
  get tableVersion(): number {
    return this.#table.version;
  }

  /** Requests that wait at this moment because nothing is ready. */
  get heldRequests(): number {
    let held = 0;
    for (const { hold } of this.#table.byKey.values()) held += queued(hold);
    return held;
  }

  async open(): Promise<void> {
    await this.#listeners.open();
    const { gateway, operatorUrls: urls } = this.#options;
    const { clock, log, lookup } = this.#parts;
    const { apply } = newestRoutes({ table: this.#table, clock, log });
    this.#operators = operators({ urls, gateway, clock, log, lookup, apply });
  }

  /** Takes requests for the drain delay still, ends connections with their answers, and returns when all are answered. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#parts.clock.sleep(this.#options.drainDelayMs);
    await this.#listeners.drain();
    this.#operators?.close();
    await this.#upstreams.close();
  }

  async #forward(request: IncomingMessage, response: ServerResponse, live: LiveRoute): Promise<void> {
    const { clock } = this.#parts;
    const startedMs = clock.monotonic();
    const ended = new AbortController();
    const { timeoutMs, key } = live.route;
    const cancelTimer = clock.after(timeoutMs, () => ended.abort(faults.RequestTimedOut({ key, timeoutMs })));
    response.once("close", () => {
      if (!response.writableFinished) ended.abort(clientLeft);
    });
    let revision = "";
    try {
      revision = await proxied({ request, response, live, signal: ended.signal }, this.#proxy);
    } catch (thrown) {
      if (thrown !== clientLeft) this.#refuse(request, response, Fault.from(thrown));
    } finally {
      cancelTimer();
    }
    const status = ended.signal.reason === clientLeft ? clientClosedRequest : response.statusCode;
    this.#parts.record({ key, revision, status, durationMs: clock.monotonic() - startedMs });
  }

  #refuse(request: IncomingMessage, response: ServerResponse, fault: Fault): void {
    this.#parts.log.debug("request refused", { code: fault.code, message: fault.message });
    if (!request.complete && !response.headersSent) {
      // What is left of the body would be taken for the next request; closing at once would cut off the answer (RST).
      response.setHeader("connection", "close");
      request.resume();
      this.#parts.clock.after(lingerMs, () => request.destroy());
    }
    answerFault(response, fault);
  }
}
