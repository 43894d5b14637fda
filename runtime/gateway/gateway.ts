import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { createLedger, type Ledger } from "./figures/ledger.ts";
import { grpcCalls } from "./grpc/calls.ts";
import { PodConnections } from "./grpc/pods/pod-connections.ts";
import { Listeners } from "./listeners.ts";
import { busyLoop } from "./mirror/busy-loop.ts";
import { Copies } from "./mirror/copies.ts";
import type { GatewayOptions } from "./options.ts";
import { crowdedClock } from "./passage/crowded-clock.ts";
import { type KeptRoom, keptRoom, unreadRoom } from "./passage/kept-room.ts";
import { recoveries } from "./passage/recoveries.ts";
import { wakeCalls } from "./passage/wakes.ts";
import { asked } from "./proxy/asked.ts";
import { Exchange, type ExchangeParts } from "./proxy/exchange.ts";
import { freshness, type Freshness } from "./routing/kept/freshness.ts";
import { TableFile } from "./routing/kept/table-file.ts";
import { newestRoutes } from "./routing/newest.ts";
import { type Lookup, type Operators, operators } from "./routing/operators.ts";
import { queued } from "./routing/hold.ts";
import { routeTable, type RouteTable } from "./routing/table.ts";
import type { Route, TableMessage } from "../contract/route-table.ts";
import { Connections } from "./upstream/connections.ts";

interface GatewayParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** How hosts of operators are resolved. Default: as the system does. */
  readonly lookup?: Lookup;
  /** Whether there is time for more than clients' requests. Default: as long as the event loop is idle for a fifth of it. */
  readonly isBusy?: () => boolean;
  /** Memory for bodies. Default: as the machine has it. */
  readonly room?: KeptRoom;
}

/** Clients with keep-alive that send anything within this time leave in good order. */
const longestEndingMs = 2_000;

/** The data-plane proxy. Knows only its route table; keeps serving by the last one when every operator is away. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #parts: GatewayParts;
  readonly #table: RouteTable;
  readonly #freshness: Freshness;
  readonly #tableFile: TableFile | undefined;
  readonly #listeners: Listeners;
  readonly #connections: Connections;
  readonly #copies: Copies;
  readonly #podConnections: PodConnections;
  readonly #exchange: ExchangeParts;
  /** What this gateway counts. */
  readonly ledger: Ledger;
  #operators: Operators | undefined;
  #draining = false;

  constructor(options: GatewayOptions, parts: GatewayParts) {
    this.#options = options;
    this.#parts = parts;
    const room = parts.room ?? keptRoom();
    this.#podConnections = new PodConnections(parts.clock, unreadRoom(room));
    const monotonic = (): number => parts.clock.monotonic();
    const run = `${parts.clock.now().toString(36)}-${Math.floor(parts.random() * 2 ** 32).toString(36)}`;
    const ledger = createLedger({ gateway: options.gateway, run, monotonic });
    this.ledger = ledger;
    this.#connections = new Connections(parts.clock);
    const { isBusy = busyLoop(monotonic) } = parts;
    const clock = crowdedClock(parts.clock);
    const passage = {
      clock,
      ledger,
      room,
      random: parts.random,
      monotonic,
      loads: recoveries(parts.clock, this.#connections),
      waits: wakeCalls(parts.clock, (key) => this.#operators?.wake(key)),
    };
    const pods = { connections: this.#connections, sessions: this.#podConnections };
    this.#copies = new Copies({ ...passage, ...pods, isBusy });
    this.#table = routeTable(
      (_table, change) => {
        this.#connections.retain();
        this.#podConnections.retain();
        this.#listeners.align(change);
      },
      { ledger, gateway: options.gateway, monotonic },
    );
    this.#freshness = freshness(monotonic);
    this.#tableFile = this.#openedFile();
    this.#listeners = new Listeners({
      host: options.host,
      restPort: options.restPort,
      grpcPort: options.grpcPort,
      table: () => this.#table,
      forward: (client, live) => new Exchange(client, asked(live, client), this.#exchange).start(),
      call: grpcCalls({
        table: () => this.#table,
        isReady: () => this.isReady,
        ...pods,
        copies: this.#copies,
        passage,
        clock,
        log: parts.log,
      }),
      isReady: () => this.isReady,
      clock: parts.clock,
      log: parts.log,
      room,
    });
    this.#exchange = { ...passage, ...pods, copies: this.#copies, log: parts.log };
  }

  /** It can answer: true once a table has come and until draining begins. */
  get isReady(): boolean {
    return this.#table.version > 0 && !this.#draining;
  }

  /** It is to get clients: as soon as its table is the newest that is to be had. */
  get takesTraffic(): boolean {
    return this.isReady && this.#freshness.isSettled();
  }

  /** Milliseconds since an operator confirmed the table, or since the start while none has. */
  get tableAgeMs(): number {
    return this.#freshness.ageMs();
  }

  /** Changes of the route table so far, 0 before the first table. */
  get tableVersion(): number {
    return this.#table.version;
  }

  /** Requests that wait at this moment because nothing is ready. */
  get heldRequests(): number {
    let held = 0;
    for (const live of this.#table.byKey.values()) held += queued(live);
    return held;
  }

  async open(): Promise<void> {
    const kept = await this.#tableFile?.read();
    await this.#listeners.open();
    const { gateway, operatorUrls: urls } = this.#options;
    const { clock, log, lookup } = this.#parts;
    if (kept !== undefined) {
      const { routes, ageMs } = kept;
      this.#table.apply({ type: "full", version: 0, routes });
      this.#freshness.loaded(ageMs);
      const ageSeconds = Math.round(ageMs / 1000);
      log.warn("a route table of before the start serves until an operator tells a newer one", {
        routes: routes.length,
        ageSeconds,
      });
    }
    const newest = newestRoutes({ table: this.#table, clock, log });
    const apply = (message: TableMessage): readonly string[] => {
      const newer = newest.apply(message);
      this.#freshness.heard();
      if (message.type === "ping") this.#tableFile?.confirmed();
      else this.#tableFile?.changed();
      return newer;
    };
    this.#operators = operators({
      urls,
      gateway,
      clock,
      log,
      lookup,
      apply,
      known: (key) => this.#table.byKey.get(key)?.route,
    });
  }

  /** Takes requests for the drain delay still, ends connections with their answers, and returns when all are answered. */
  async drain(): Promise<void> {
    this.#draining = true;
    const { clock } = this.#parts;
    const { drainDelayMs } = this.#options;
    // Clients that connect anew are to find another gateway: at first they would come here again.
    const endingMs = Math.min(longestEndingMs, drainDelayMs / 2);
    await clock.sleep(drainDelayMs - endingMs);
    this.#listeners.end();
    await clock.sleep(endingMs);
    await this.#listeners.close();
    this.#operators?.close();
    await this.#tableFile?.close();
    this.#copies.close();
    this.#connections.close();
    await this.#podConnections.close();
  }

  #openedFile(): TableFile | undefined {
    const { tableFile: path } = this.#options;
    const { clock, log } = this.#parts;
    const table = this.#table;
    const routes = function* (): Generator<Route> {
      for (const { route } of table.byKey.values()) yield route;
    };
    return path === undefined ? undefined : new TableFile({ path, routes, clock, log });
  }
}
