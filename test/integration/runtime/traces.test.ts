import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digits, startServe } from "./program.ts";

test("leaves no files but compiled code: no engine collects telemetry", async () => {
  const home = await mkdtemp(join(tmpdir(), "modelwright-home-"));
  const scratch = await mkdtemp(join(tmpdir(), "modelwright-scratch-"));
  const serving = await startServe(digits.model, { HOME: home, TMPDIR: scratch });
  await serving.line("model ready");
  serving.child.kill("SIGTERM");
  expect((await serving.ended).code).toBe(0);
  expect(await readdir(home)).toEqual([]);
  expect(await readdir(scratch)).toEqual(["node-compile-cache"]);
  for (const folder of [home, scratch]) await rm(folder, { recursive: true });
});
