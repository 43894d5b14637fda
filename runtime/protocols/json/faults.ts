import { faultCatalogue } from "../../base/fault.ts";

/** JSON syntax errors. The sentences are those of TensorFlow Serving's parser (RapidJSON), which clients match on. */
export const faults = faultCatalogue<{ JsonEmpty: object; JsonInvalid: { reason: string; offset: number } }>({
  JsonEmpty: { message: () => "JSON Parse error: The document is empty", retry: "never", level: "info" },
  JsonInvalid: {
    message: ({ reason, offset }) => `JSON Parse error: ${reason} at offset: ${offset}`,
    retry: "never",
    level: "info",
  },
});
