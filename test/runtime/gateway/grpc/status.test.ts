import { describe, expect, test } from "vitest";
import { Fault } from "../../../../runtime/base/fault.ts";
import { ProtobufError } from "../../../../runtime/base/protobuf/wire-reader.ts";
import { faults } from "../../../../runtime/gateway/faults.ts";
import { callFault, httpStatus, statusTrailers } from "../../../../runtime/gateway/grpc/status.ts";

describe("statusTrailers", () => {
  test("tell code and sentence", () => {
    expect(statusTrailers(faults.RequestTimedOut({ key: "default/digits", timeoutMs: 200 }))).toEqual([
      "grpc-status",
      "4",
      "grpc-message",
      "default/digits gave no answer within 200 ms; raise spec.serving.limits.timeout if the model needs longer",
    ]);
  });

  test("say when to retry, as gRPC's retry pushback and as a RetryInfo", () => {
    const trailers = statusTrailers(faults.HoldFull({ key: "default/digits", waiting: 7 }));
    const message =
      "default/digits has no ready replica and 7 requests wait already; try again after the time in Retry-After";
    const expected = ["grpc-status", "14", "grpc-message", message, "grpc-retry-pushback-ms", "1000"];
    expect(trailers.slice(0, -1)).toEqual([...expected, "grpc-status-details-bin"]);
    const details = Buffer.from(trailers.at(-1) ?? "", "base64");
    const duration = [0x08, 0x01, 0x10, 0x00];
    const info = [0x0a, duration.length, ...duration];
    const type = "type.googleapis.com/google.rpc.RetryInfo";
    const any = [0x0a, type.length, ...Buffer.from(type), 0x12, info.length, ...info];
    expect([...details]).toEqual([0x08, 14, 0x12, message.length, ...Buffer.from(message), 0x1a, any.length, ...any]);
  });

  test("percent-encode what a header cannot carry as UTF-8 bytes", () => {
    const fault = new Fault({ code: "Unexpected", message: "50 % – né\n", retry: "never", level: "info" });
    expect(statusTrailers(fault)).toEqual(["grpc-status", "13", "grpc-message", "50 %25 %E2%80%93 n%C3%A9%0A"]);
  });

  test("are truncated like the runtime's", () => {
    const fault = new Fault({ code: "RouteNotFound", message: "x".repeat(5000), retry: "never", level: "info" });
    expect(statusTrailers(fault)).toEqual(["grpc-status", "5", "grpc-message", "x".repeat(1024)]);
  });
});

test("an unreadable message is the client's error", () => {
  expect(callFault(new ProtobufError("it ends in the middle of a value")).sentence).toBe(
    "the model cannot be read from the request: it ends in the middle of a value; name it by the header modelwright-model: <namespace>/<name>",
  );
});

test("codes map to the HTTP statuses that TensorFlow Serving uses", () => {
  const codes = ["0", "1", "3", "4", "5", "8", "12", "13", "14", "16", "99", undefined];
  expect(codes.map(httpStatus)).toEqual([200, 499, 400, 504, 404, 429, 501, 500, 503, 401, 500, 500]);
});
