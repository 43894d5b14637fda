import { faultCatalogue } from "../../base/fault.ts";

/** What of a request the layers before an engine do not take. */
export const preprocessingFaults = faultCatalogue<{
  /** The data plane knows the code: see dataplane/faults.ts. */
  ValuesRefused: { reason: string };
}>({
  ValuesRefused: { message: ({ reason }) => reason, retry: "never", level: "info" },
});
