import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLog } from "../../../../../runtime/base/log.ts";
import { logLines, logTail, openLogFile } from "../../../../../operator/local/kubelet/container/log-file.ts";

let folder: string;
let nowMs: number;
const options = { now: () => nowMs, log: silentLog };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-log-"));
  nowMs = Date.parse("2026-01-01T00:00:00Z");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("lines are written as container runtimes do, whole, with an open last line at the end", async () => {
  const path = join(folder, "0.log");
  const file = await openLogFile(path, options);
  file.write("stdout", Buffer.from("one\ntw"));
  file.write("stderr", Buffer.from("oops\n"));
  file.write("stdout", Buffer.from("o €\nopen").subarray(0, 3));
  file.write("stdout", Buffer.from("o €\nopen").subarray(3));
  await file.close();
  expect(await readFile(path, "utf8")).toBe(
    [
      "2026-01-01T00:00:00.000Z stdout F one",
      "2026-01-01T00:00:00.000Z stderr F oops",
      "2026-01-01T00:00:00.000Z stdout F two €",
      "2026-01-01T00:00:00.000Z stdout F open",
      "",
    ].join("\n"),
  );
});

test("a log that grows is rotated once and holds no more than two files", async () => {
  const path = join(folder, "0.log");
  const file = await openLogFile(path, { ...options, rotationBytes: 100 });
  for (let line = 0; line < 10; line++) file.write("stdout", Buffer.from(`line ${line}\n`));
  await file.close();
  expect(await logLines(path, {})).toEqual(["line 6", "line 7", "line 8", "line 9"]);
  expect(await readdir(folder)).toEqual(["0.log", "0.log.1"]);
});

test("lines can be limited by number and time, and printed with time stamps", async () => {
  const path = join(folder, "0.log");
  const file = await openLogFile(path, options);
  file.write("stdout", Buffer.from("early\n"));
  nowMs += 60_000;
  file.write("stdout", Buffer.from("late\nlast\n"));
  await file.close();
  expect(await logLines(path, { tailLines: 1 })).toEqual(["last"]);
  expect(await logLines(path, { tailLines: 0 })).toEqual([]);
  expect(await logLines(path, { sinceMs: nowMs - 1 })).toEqual(["late", "last"]);
  expect(await logLines(path, { tailLines: 1, timestamps: true })).toEqual(["2026-01-01T00:01:00.000Z last"]);
});

test("the tail for a termination message is at most 80 lines and 2048 bytes", async () => {
  const path = join(folder, "0.log");
  const file = await openLogFile(path, options);
  for (let line = 0; line < 100; line++) file.write("stderr", Buffer.from(`line ${line}\n`));
  await file.close();
  const lines = (await logTail(path)).split("\n");
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([80, "line 20", "line 99"]);

  const long = join(folder, "1.log");
  const longFile = await openLogFile(long, options);
  longFile.write("stderr", Buffer.from(`${"x".repeat(5000)}\n`));
  await longFile.close();
  expect(await logTail(long)).toBe("x".repeat(2048));
});

test("a missing log is empty", async () => {
  expect(await logTail(join(folder, "none.log"))).toBe("");
  expect(await logLines(join(folder, "none.log"), {})).toEqual([]);
});
