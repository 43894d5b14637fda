import type { Fault } from "../../base/fault.ts";
import type { Protocol, ProtocolAnswer, TransportCode } from "../protocol.ts";
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
        ? answerOf(200, { status: "alive" })
        : refusal(faults.RootReadOnly({ method })),
    ),
  refusal,
};

type Code = keyof typeof faults | TransportCode | "Unexpected";

const statuses: Readonly<Record<Code, number>> = {
  RootReadOnly: 405,
  BodyTooLarge: 413,
  BodyTooSlow: 408,
  BodyUndecodable: 400,
  EncodingUnsupported: 415,
  ClientGone: 499,
  Unexpected: 500,
};

function refusal(fault: Fault): ProtocolAnswer {
  const status = isKnown(fault.code) ? statuses[fault.code] : statuses.Unexpected;
  return { ...answerOf(status, { error: fault.sentence }), fault };
}

function isKnown(code: string): code is Code {
  return Object.hasOwn(statuses, code);
}

function answerOf(status: number, body: object): ProtocolAnswer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
