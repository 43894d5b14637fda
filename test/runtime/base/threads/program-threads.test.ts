import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { programThreads } from "../../../../runtime/base/threads/program-threads.ts";

const entries = Object.values(programThreads).map(({ entry }) => entry);

test("the entry file of each thread exists", () => {
  const runtime = new URL("../../../../runtime/", import.meta.url);
  expect(entries.filter((entry) => !existsSync(new URL(`${entry}.ts`, runtime)))).toEqual([]);
});

test("entry files have distinct names: a bundled program has them in one folder", () => {
  const names = entries.map((entry) => entry.replace(/.*\//, ""));
  expect(new Set(names).size).toBe(names.length);
});
