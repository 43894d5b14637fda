import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";

const log = new URL("../../../runtime/base/log.ts", import.meta.url).href;

/**
 * A program that writes a number of log lines and exits with code 3. Like ours it listens to its standard streams,
 * which makes their pipes non-blocking: writes to a full pipe fail instead of waiting.
 */
function program(lines: number): ChildProcess {
  const code = `const { jsonLog } = await import(${JSON.stringify(log)});
    process.stderr.on("error", () => {});
    const log = jsonLog("info", { program: "test" });
    for (let i = 0; i < ${lines}; i++) log.info("line", { i, text: "x".repeat(200) });
    process.exit(3);`;
  return spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "ignore", "pipe"] });
}

test("lines are JSON with level, time, fields and message, and none is lost", async () => {
  const child = program(3);
  const lines: Record<string, unknown>[] = [];
  if (child.stderr === null) throw new Error("its log is piped");
  for await (const line of createInterface({ input: child.stderr })) lines.push(JSON.parse(line));
  expect(lines.map(({ level, program, i, msg }) => ({ level, program, i, msg }))).toEqual(
    [0, 1, 2].map((i) => ({ level: "info", program: "test", i, msg: "line" })),
  );
  expect(new Date(String(lines[0]?.["time"])).getTime()).toBeGreaterThan(Date.now() - 60_000);
});

test("a stalled reader delays neither the program nor its exit", async () => {
  const child = program(5000); // more than a pipe and its reader's first block hold
  const start = performance.now();
  const [code] = await once(child, "exit");
  expect({ code, isSoon: performance.now() - start < 15_000 }).toEqual({ code: 3, isSoon: true });
  child.stderr?.destroy();
}, 30_000);

test("a closed pipe delays neither the program nor its exit", async () => {
  const child = program(5000);
  child.stderr?.destroy();
  const [code] = await once(child, "exit");
  expect(code).toBe(3);
}, 30_000);
