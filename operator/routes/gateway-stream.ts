import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import {
  type GatewayMessage,
  type Route,
  type Seen,
  splitText,
  type TableMessage,
} from "../../runtime/contract/route-table.ts";
import { gatewayMessages } from "./gateway-message.ts";
import type { RouteStore } from "./route-store.ts";

export interface GatewayStreamOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The present routes; read at every flush. */
  readonly routes: Pick<RouteStore, "find" | "all">;
  /** How far the view is that `routes` come from. */
  readonly seen: () => Seen;
  readonly clock: Clock;
  /** Settles when `routes` is complete. */
  readonly complete: Promise<void>;
  readonly onAck: (key: string) => void;
  readonly onWake: (key: string) => void;
  /** Told once. */
  readonly onEnd: (reason: string) => void;
}

const pingMs = 10_000;
/** A gateway that has not acknowledged a table for this long is stuck or gone. */
const patienceMs = 30_000;
/**
 * Tables that may be on their way unacknowledged; changes beyond them wait and go out as one. A single change goes out at
 * once, thousands go out as fast as the gateway works them in and not in as many writes.
 */
const maxUnacknowledged = 4;

interface Sent {
  readonly version: number;
  readonly sentMs: number;
  /** By key the split that the message brought; undefined: the route was taken away. */
  readonly splits: Map<string, string | undefined>;
}

/** One gateway's stream: sends it what changed, as fast as it takes it, and keeps what it acknowledged. */
export class GatewayStream {
  readonly #options: GatewayStreamOptions;
  readonly #dirty = new Set<string>();
  readonly #acknowledged = new Map<string, string>();
  #hasAcknowledged = false;
  #unacknowledged: Sent[] = [];
  #version = 0;
  #gateway: string | undefined;
  #isOver = false;
  #cancelPing: () => void = () => {};

  constructor(options: GatewayStreamOptions) {
    this.#options = options;
  }

  /** Name of the gateway's pod, once it has said hello. */
  get gateway(): string | undefined {
    return this.#gateway;
  }

  /** Whether the gateway has said what it works by; before, that is a table that it was told over another stream. */
  get hasAcknowledged(): boolean {
    return this.#hasAcknowledged;
  }

  /** The split of this ModelDeployment that the gateway works by. */
  acknowledged(key: string): string | undefined {
    return this.#acknowledged.get(key);
  }

  /** Reads until the gateway leaves. */
  async run(): Promise<void> {
    const { request, response } = this.#options;
    response.on("drain", () => this.flush());
    response.on("close", () => this.close("the connection closed"));
    response.on("error", (error) => this.close(error.message));
    response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
    response.flushHeaders();
    try {
      await this.#options.complete;
      for await (const message of gatewayMessages(request)) this.#take(message);
      this.close("the gateway ended its stream");
    } catch (thrown) {
      this.close(Fault.from(thrown).message);
    }
  }

  /** The route of this key is no longer what the gateway was told. */
  touch(key: string): void {
    if (this.#gateway !== undefined) this.#dirty.add(key);
  }

  /** Sends what changed, unless the gateway is behind: then it goes out when it has caught up. */
  flush(): void {
    const isBehind = this.#options.response.writableNeedDrain || this.#unacknowledged.length >= maxUnacknowledged;
    if (this.#isOver || this.#dirty.size === 0 || isBehind) return;
    const upsert: Route[] = [];
    const remove: string[] = [];
    for (const key of this.#dirty) {
      const route = this.#options.routes.find(key);
      if (route === undefined) remove.push(key);
      else upsert.push(route);
    }
    this.#dirty.clear();
    this.#version += 1;
    const { seen } = this.#options;
    this.#send({ type: "delta", version: this.#version, upsert, remove, seen: seen() }, [...upsert], remove);
  }

  close(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelPing();
    this.#options.response.destroy();
    this.#options.onEnd(reason);
  }

  #take(message: GatewayMessage): void {
    switch (message.type) {
      case "hello":
        return this.#welcome(message.gateway);
      case "newer":
        return this.#disregard(message.version, message.key);
      case "ack":
        return this.#acknowledge(message.version);
      case "wake":
        return this.#options.onWake(message.key);
    }
  }

  #welcome(gateway: string): void {
    if (this.#gateway !== undefined) return;
    this.#gateway = gateway;
    const routes = this.#options.routes.all();
    this.#version += 1;
    this.#send({ type: "full", version: this.#version, routes, seen: this.#options.seen() }, routes, []);
    this.#ping();
  }

  #send(message: TableMessage & { version: number }, upsert: readonly Route[], remove: readonly string[]): void {
    const splits = new Map<string, string | undefined>();
    for (const { key, revisions } of upsert) splits.set(key, splitText(revisions));
    for (const key of remove) splits.set(key, undefined);
    const { clock, response } = this.#options;
    this.#unacknowledged.push({ version: message.version, sentMs: clock.monotonic(), splits });
    response.write(`${JSON.stringify(message)}\n`);
  }

  /** What this version said of the key does not serve: another operator knows better, and we soon shall. */
  #disregard(version: number, key: string): void {
    this.#unacknowledged.find((sent) => sent.version === version)?.splits.delete(key);
    if (this.#acknowledged.delete(key)) this.#options.onAck(key);
  }

  #acknowledge(version: number): void {
    this.#hasAcknowledged = true;
    const served = this.#unacknowledged.filter((sent) => sent.version <= version);
    this.#unacknowledged = this.#unacknowledged.filter((sent) => sent.version > version);
    for (const { splits } of served) {
      for (const [key, split] of splits) {
        if (this.#acknowledged.get(key) === split) continue;
        if (split === undefined) this.#acknowledged.delete(key);
        else this.#acknowledged.set(key, split);
        this.#options.onAck(key);
      }
    }
    this.flush();
  }

  #ping(): void {
    const { clock, response } = this.#options;
    const [before] = this.#unacknowledged;
    const patientMs = before === undefined ? pingMs : before.sentMs + patienceMs - clock.monotonic();
    this.#cancelPing = clock.after(Math.min(pingMs, patientMs), () => {
      const [oldest] = this.#unacknowledged;
      if (oldest !== undefined && clock.monotonic() - oldest.sentMs >= patienceMs) {
        this.close(`table ${oldest.version} was not acknowledged for ${patienceMs} ms`);
        return;
      }
      const ping: TableMessage = { type: "ping", seen: this.#options.seen() };
      if (!response.writableNeedDrain) response.write(`${JSON.stringify(ping)}\n`);
      this.#ping();
    });
  }
}
