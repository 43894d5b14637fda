import { createHash } from "node:crypto";
import type { World } from "../world/world.ts";

/** A hash of the events in a world. Equal hashes mean that two simulators run a schedule identically. */
export interface EventLog {
  /** The hash of all writes to the server so far, and of `extra`. */
  digest(extra: unknown): bigint;
  stop(): void;
}

/** Fields with counters of the shared server, which continue from schedule to schedule. */
const counters: ReadonlySet<string> = new Set(["resourceVersion", "clusterIP", "clusterIPs"]);

export function startEventLog({ server, clock }: World): EventLog {
  const hash = createHash("sha256");
  const stop = server.store.subscribe(({ type, collection, record }) => {
    const text = JSON.stringify(record.object, (key, value: unknown) => (counters.has(key) ? "" : value));
    hash.update(`${clock.monotonic()} ${type} ${collection} ${text}\n`);
  });
  return {
    digest(extra) {
      const bytes = hash.copy().update(JSON.stringify(extra)).digest();
      return bytes.readBigUInt64BE();
    },
    stop,
  };
}
