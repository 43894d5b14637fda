import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Route, TableMessage } from "../../contract/route-table.ts";
import { subscription, type Subscription } from "./subscription.ts";

/** All addresses of a host; rejects when it has none. */
export type Lookup = (host: string) => Promise<readonly string[]>;

interface OperatorsOptions {
  /** `http://host:port`; a host that has several addresses stands for as many operators. */
  readonly urls: readonly string[];
  /** Name by which operators know this gateway: its pod's. */
  readonly gateway: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: as the system resolves names. */
  readonly lookup?: Lookup | undefined;
  /** As in `subscription`. */
  readonly apply: (message: TableMessage) => readonly string[];
  /** As in `subscription`. */
  readonly known: (key: string) => Route | undefined;
}

/** Streams to every replica of the operator: the leader needs the acknowledgements, and each replica may lead. */
export interface Operators {
  readonly wake: (key: string) => void;
  readonly close: () => void;
}

/** As often as names are resolved again: a new replica is found this soon. */
const lookupMs = 5_000;

/**
 * Follows every address of the URLs' hosts. An address that is no longer told loses its stream only when that ends: DNS
 * that fails or forgets costs no stream that works.
 */
export function operators(options: OperatorsOptions): Operators {
  const { urls, clock, log } = options;
  const closing = new AbortController();
  const streams = new Map<string, Subscription>();
  let failed = "";

  const align = (told: ReadonlySet<string>, isComplete: boolean): void => {
    for (const operatorUrl of told) {
      if (!streams.has(operatorUrl)) streams.set(operatorUrl, subscription({ ...options, operatorUrl }));
    }
    for (const [operatorUrl, stream] of streams) {
      if (!isComplete || told.has(operatorUrl) || stream.isOpen) continue;
      stream.close();
      streams.delete(operatorUrl);
    }
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const found = await Promise.allSettled(urls.map((url) => addressed(url, options.lookup ?? systemLookup)));
      if (closing.signal.aborted) return;
      const told = found.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
      const faults = found.flatMap((result) =>
        result.status === "rejected" ? [Fault.from(result.reason).message] : [],
      );
      if (faults.join() !== failed && faults.length > 0) log.warn("operators not found", { cause: faults.join("; ") });
      failed = faults.join();
      align(new Set(told), faults.length === 0);
      await clock.sleep(lookupMs, closing.signal);
    }
  };
  run().catch((thrown: unknown) => log.error("the search for operators broke", { fault: Fault.from(thrown).message }));
  return {
    wake: (key) => streams.forEach((stream) => stream.wake(key)),
    close: () => {
      closing.abort();
      streams.forEach((stream) => stream.close());
    },
  };
}

/** The URL once for each address of its host. */
async function addressed(url: string, find: Lookup): Promise<readonly string[]> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) === 0 ? await find(host) : [host];
  return addresses.map((address) => `${protocol}//${isIP(address) === 6 ? `[${address}]` : address}:${port || "80"}`);
}

async function systemLookup(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}
