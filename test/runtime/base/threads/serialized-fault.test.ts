import { expect, test } from "vitest";
import { Fault } from "../../../../runtime/base/fault.ts";
import { serializedFault } from "../../../../runtime/base/threads/serialized-fault.ts";

test("a fault is the same on the other side of a thread", () => {
  const fault = new Fault({ code: "Full", message: "it is full", hint: "wait", retry: { afterMs: 5 }, level: "info" });
  const arrived = new Fault(structuredClone(serializedFault(fault)));
  const { code, message, hint, retry, level } = arrived;
  expect({ code, message, hint, retry, level }).toEqual({
    code: "Full",
    message: "it is full",
    hint: "wait",
    retry: { afterMs: 5 },
    level: "info",
  });
});

test("what is no fault is sent as an unexpected one", () => {
  const sent = { code: "Unexpected", message: "no memory", retry: "backoff", level: "error" };
  expect(serializedFault(new RangeError("no memory"))).toEqual(sent);
});
