import { expect, test } from "vitest";

import { errorText } from "../../../runtime/base/fault.ts";

test("the text of a thrown value is its message, or else its code or name", () => {
  const refused = Object.assign(new Error(""), { code: "ECONNREFUSED" });
  const thrown = [new Error("no such file"), "text", undefined, refused, new TypeError("")];
  expect(thrown.map(errorText)).toEqual(["no such file", "text", "undefined", "ECONNREFUSED", "TypeError"]);
});
