import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { programThreads } from "../../../../runtime/base/threads/program-threads.ts";

const entries = Object.values(programThreads).map(({ entry }) => entry);

test("each thread starts from a file of the program", () => {
  const runtime = new URL("../../../../runtime/", import.meta.url);
  expect(entries.filter((entry) => !existsSync(new URL(`${entry}.ts`, runtime)))).toEqual([]);
});

test("no two have files of one name: joined to few files, a program has them all in one folder", () => {
  const names = entries.map((entry) => entry.replace(/.*\//, ""));
  expect(new Set(names).size).toBe(names.length);
});
