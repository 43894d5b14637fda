import { expect, test } from "vitest";

import { abbreviated, errorText } from "../../../runtime/base/fault.ts";

test("the text of a thrown value is its message, or else its code or name", () => {
  const refused = Object.assign(new Error(""), { code: "ECONNREFUSED" });
  const thrown = [new Error("no such file"), "text", undefined, refused, new TypeError("")];
  expect(thrown.map(errorText)).toEqual(["no such file", "text", "undefined", "ECONNREFUSED", "TypeError"]);
});

test("a long text is abbreviated", () => {
  expect(["abc", "abcd"].map((text) => abbreviated(text, 3))).toEqual(["abc", "abc…"]);
});
