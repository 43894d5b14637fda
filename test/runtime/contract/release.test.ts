import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { release } from "../../../runtime/contract/release.ts";

test("programs tell the name and version of their package", () => {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  expect(JSON.parse(text)).toMatchObject(release);
});
