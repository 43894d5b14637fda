import { faultCatalogue } from "../../base/fault.ts";

/** Faults of `/`. */
export const faults = faultCatalogue<{ RootReadOnly: { method: string } }>({
  RootReadOnly: {
    message: ({ method }) => `Method Not Allowed: ${method} /; must be GET`,
    retry: "never",
    level: "info",
  },
});
