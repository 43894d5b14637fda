import { expect, test } from "vitest";
import { expectedBytes, memoryLimit } from "../../../runtime/in-place/memory-need.ts";

test.each([
  ["two copies of a file as large as its weights", 100, { sizeBytes: 50, weightBytes: 50 }, 200],
  ["files that grow in memory as the serving one does", 100, { sizeBytes: 50, weightBytes: 100 }, 400],
  ["never less than the file", 100, { sizeBytes: 50, weightBytes: 10 }, 200],
  ["a serving model without size", 100, { sizeBytes: 0, weightBytes: 10 }, 200],
])("expects %s", (_, sizeBytes, serving, expected) => {
  expect(expectedBytes(sizeBytes, serving)).toBe(expected);
});

test("a limit above the machine's memory is none", () => {
  expect([memoryLimit(0, 100), memoryLimit(50, 100), memoryLimit(2 ** 63, 100)]).toEqual([undefined, 50, undefined]);
});
