import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { expect, test } from "vitest";

import { root } from "../architecture/repository.ts";

const tools = [
  { sentence: "the compiler accepts every file", command: "tsc", flags: ["-b", "--pretty", "false"] },
  { sentence: "the linter finds nothing", command: "oxlint", flags: ["--type-aware", "--deny-warnings"] },
  { sentence: "every file has the formatter's form", command: "oxfmt", flags: ["--check"] },
];

test.each(tools)("$sentence", { timeout: 300_000 }, ({ command, flags }) => {
  const { status, stdout, stderr } = spawnSync(join(root, "node_modules", ".bin", command), flags, {
    cwd: root,
    encoding: "utf8",
  });
  expect(status === 0 ? "" : `${command} ${flags.join(" ")} ended with ${status}:\n${stdout}${stderr}`).toBe("");
});
