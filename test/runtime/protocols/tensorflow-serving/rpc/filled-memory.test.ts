import { expect, test } from "vitest";
import { filledMemory } from "../../../../../runtime/protocols/tensorflow-serving/rpc/filled-memory.ts";

test("memory that requests do not bring has a limit for all that run, and is free after the last word of each", async () => {
  const memory = filledMemory(8);
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  const taking = (sizeBytes: number, done: Promise<string>): Promise<string> =>
    memory.during((take) => {
      take(sizeBytes);
      return done;
    });
  const running = [taking(3, first.promise), taking(4, second.promise)];
  const refused = "tensors that requests do not bring the elements of take 8 bytes together; 2 more have no room now";
  await expect(taking(2, Promise.resolve(""))).rejects.toMatchObject({ code: "FilledTooMuch", message: refused });
  expect(await taking(1, Promise.resolve("fits"))).toBe("fits");
  first.resolve("answered");
  expect(await running[0]).toBe("answered");
  expect(await taking(4, Promise.resolve("fits"))).toBe("fits");
  second.reject(new Error("failed"));
  await expect(running[1]).rejects.toThrow("failed");
  expect(await taking(8, Promise.resolve("fits"))).toBe("fits");
});
