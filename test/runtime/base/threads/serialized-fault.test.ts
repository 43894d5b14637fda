import { expect, test } from "vitest";
import { Fault } from "../../../../runtime/base/fault.ts";
import { serializedFault } from "../../../../runtime/base/threads/serialized-fault.ts";

test("a fault keeps its fields when it is posted to another thread", () => {
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

test("other errors are posted as unexpected faults", () => {
  const sent = { code: "Unexpected", message: "no memory", retry: "backoff", level: "error" };
  expect(serializedFault(new RangeError("no memory"))).toEqual(sent);
});
