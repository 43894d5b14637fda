import type { Fault } from "../../base/fault.ts";
import {
  type Protocol,
  type ProtocolAnswer,
  type TransportCode,
  jsonAnswer,
  refusalAnswer,
  transportStatuses,
} from "../protocol.ts";
import { faults } from "./faults.ts";

/**
 * What KServe's version 1 has beside TensorFlow Serving's REST API: whether the server lives, at `GET /`. Its `:predict` and its
 * `GET /v1/models/<model>` are TensorFlow Serving's paths and answered there.
 */
export const kserveV1: Protocol = {
  name: "kserve-v1",
  owns: (target) => /^\/(?:\?|$)/.test(target),
  answer: ({ method }) =>
    Promise.resolve(
      method === "GET" || method === "HEAD"
        ? jsonAnswer(200, { status: "alive" })
        : refusal(faults.RootReadOnly({ method })),
    ),
  refusal,
};

type Code = keyof typeof faults | TransportCode | "Unexpected";

const statuses: Readonly<Record<Code, number>> = { ...transportStatuses, RootReadOnly: 405 };

function refusal(fault: Fault): ProtocolAnswer {
  return refusalAnswer(fault, statuses);
}
