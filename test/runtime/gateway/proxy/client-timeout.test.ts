import { describe, expect, test } from "vitest";
import { clientTimeoutMs } from "../../../../runtime/gateway/proxy/client-timeout.ts";

describe("the timeout that a REST client sets", () => {
  const cases: Record<string, [Record<string, string>, number | undefined]> = {
    "is absent from most requests": [{ host: "x" }, undefined],
    "comes in milliseconds by Envoy's header": [{ "x-envoy-upstream-rq-timeout-ms": "250" }, 250],
    "comes with a unit by gRPC's": [{ "grpc-timeout": "2S" }, 2_000],
    "is a millisecond at least": [{ "grpc-timeout": "10u" }, 1],
    "is Envoy's when there are both": [{ "x-envoy-upstream-rq-timeout-ms": "250", "grpc-timeout": "1S" }, 250],
    "is gRPC's when Envoy's is no number": [{ "x-envoy-upstream-rq-timeout-ms": "1.5", "grpc-timeout": "1S" }, 1_000],
    "is none if it is 0": [{ "x-envoy-upstream-rq-timeout-ms": "0" }, undefined],
    "is none if it is malformed": [{ "grpc-timeout": "soon" }, undefined],
    "is none if it is negative": [{ "x-envoy-upstream-rq-timeout-ms": "-1" }, undefined],
  };
  for (const [sentence, [headers, want]] of Object.entries(cases))
    test(sentence, () => expect(clientTimeoutMs(headers)).toBe(want));
});
