import { expect, test } from "vitest";
import { type Clock, systemClock } from "../../../../runtime/base/clock.ts";
import { Fault } from "../../../../runtime/base/fault.ts";
import { jsonResponse, cachedResponses } from "../../../../runtime/protocols/protocol.ts";
import { answerWriter } from "../../../../runtime/server/http1-fast-path/answer-writer.ts";

const busy = new Fault({ code: "QueueFull", message: "m has 1 requests waiting", retry: "backoff", level: "warn" });

test("a reused answer is encoded once a second, and can close connections all the same", () => {
  let now = Date.UTC(2026, 0, 2, 3, 4, 5);
  const clock: Clock = { ...systemClock, now: () => now };
  const refusal = cachedResponses(({ message }) => jsonResponse(503, { error: message }));
  const write = answerWriter(clock, 65_000);
  const text = (second: number, connection: string): string =>
    `HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 36\r\n` +
    `Date: Fri, 02 Jan 2026 03:04:0${second} GMT\r\nConnection: ${connection}\r\n\r\n{"error":"m has 1 requests waiting"}`;
  const staying = "keep-alive\r\nKeep-Alive: timeout=65";
  expect(refusal(busy)).toBe(refusal(busy));
  const seen = [write(refusal(busy), false), write(refusal(busy), false), write(refusal(busy), true)];
  now += 1000;
  seen.push(write(refusal(busy), false));
  expect(seen).toEqual([text(5, staying), text(5, staying), text(5, "close"), text(6, staying)]);
});
