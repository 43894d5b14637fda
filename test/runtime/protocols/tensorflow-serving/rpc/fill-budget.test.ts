import { expect, test } from "vitest";
import { fillBudget } from "../../../../../runtime/protocols/tensorflow-serving/rpc/fill-budget.ts";

test("running requests share a budget for tensors that they fill, and release their part when they end", async () => {
  const budget = fillBudget(8);
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  const reserving = (sizeBytes: number, done: Promise<string>): Promise<string> =>
    budget.during((reserve) => {
      reserve(sizeBytes);
      return done;
    });
  const running = [reserving(3, first.promise), reserving(4, second.promise)];
  const refused =
    "tensors given by their fill value alone may take 8 bytes in all requests together; 2 more do not fit now";
  await expect(reserving(2, Promise.resolve(""))).rejects.toMatchObject({ code: "FilledTooMuch", message: refused });
  expect(await reserving(1, Promise.resolve("fits"))).toBe("fits");
  first.resolve("answered");
  expect(await running[0]).toBe("answered");
  expect(await reserving(4, Promise.resolve("fits"))).toBe("fits");
  second.reject(new Error("failed"));
  await expect(running[1]).rejects.toThrow("failed");
  expect(await reserving(8, Promise.resolve("fits"))).toBe("fits");
});
