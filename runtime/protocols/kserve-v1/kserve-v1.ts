import type { Fault } from "../../base/fault.ts";
import {
  type Protocol,
  type ProtocolResponse,
  type TransportCode,
  jsonResponse,
  errorResponse,
  transportStatuses,
} from "../protocol.ts";
import { faults } from "./faults.ts";

/**
 * KServe's V1 protocol beyond TensorFlow Serving's REST API: liveness at `GET /`. Its other paths, `:predict` and
 * `GET /v1/models/<model>`, are those of TensorFlow Serving and served there.
 */
export const kserveV1: Protocol = {
  name: "kserve-v1",
  owns: (target) => /^\/(?:\?|$)/.test(target),
  answer: ({ method }) =>
    Promise.resolve(
      method === "GET" || method === "HEAD"
        ? jsonResponse(200, { status: "alive" })
        : refusal(faults.RootReadOnly({ method })),
    ),
  refusal,
};

type Code = keyof typeof faults | TransportCode | "Unexpected";

const statuses: Readonly<Record<Code, number>> = { ...transportStatuses, RootReadOnly: 405 };

function refusal(fault: Fault): ProtocolResponse {
  return errorResponse(fault, statuses);
}
