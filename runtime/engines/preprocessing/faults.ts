import { faultCatalogue } from "../../base/fault.ts";

/** Faults of preprocessing layers, which run before the engine. */
export const preprocessingFaults = faultCatalogue<{
  /** Same code as the data plane's: see dataplane/faults.ts. */
  ValuesRefused: { reason: string };
}>({
  ValuesRefused: { message: ({ reason }) => reason, retry: "never", level: "info" },
});
