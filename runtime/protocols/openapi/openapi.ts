import type { Fault } from "../../base/fault.ts";
import {
  type Models,
  type Protocol,
  type ProtocolResponse,
  type TransportCode,
  jsonResponse,
  errorResponse,
  transportStatuses,
} from "../protocol.ts";
import { faults } from "./faults.ts";

/** `GET /openapi.json`: requests and responses of the ready models, for readers and for client generators. */
export function openApi(models: Models, server: { readonly name: string; readonly version: string }): Protocol {
  return {
    name: "openapi",
    owns: (target) => /^\/openapi\.json(?:\?|$)/.test(target),
    answer: async ({ method }) => {
      if (method !== "GET" && method !== "HEAD") return refusal(faults.DocumentReadOnly({ method }));
      const { openApiDocument } = await import("./document.ts");
      const targets = models.names().flatMap((name) => models.find({ name }) ?? []);
      return jsonResponse(200, openApiDocument(server, targets));
    },
    refusal,
  };
}

type Code = keyof typeof faults | TransportCode | "Unexpected";

const statuses: Readonly<Record<Code, number>> = { ...transportStatuses, DocumentReadOnly: 405 };

function refusal(fault: Fault): ProtocolResponse {
  return errorResponse(fault, statuses);
}
