import { createHash } from "node:crypto";
import type { World } from "../world/world.ts";

/** What happened in a world, in few characters: equal ones say that two simulators play a schedule alike. */
export interface EventLog {
  /** Of every write to the server so far, whole objects and their order included, and of what else is told. */
  digest(told: unknown): bigint;
  stop(): void;
}

export function startEventLog({ server, clock }: World): EventLog {
  const hash = createHash("sha256");
  const stop = server.store.subscribe(({ type, collection, record }) => {
    // Revisions of the store go on from schedule to schedule.
    const text = JSON.stringify(record.object, (key, value: unknown) => (key === "resourceVersion" ? "" : value));
    hash.update(`${clock.monotonic()} ${type} ${collection} ${text}\n`);
  });
  return {
    digest(told) {
      const bytes = hash.copy().update(JSON.stringify(told)).digest();
      return bytes.readBigUInt64BE();
    },
    stop,
  };
}
