import { faultCatalogue } from "../../base/fault.ts";

/** Faults of `/openapi.json`. */
export const faults = faultCatalogue<{ DocumentReadOnly: { method: string } }>({
  DocumentReadOnly: {
    message: ({ method }) => `Method Not Allowed: ${method} /openapi.json; must be GET`,
    retry: "never",
    level: "info",
  },
});
