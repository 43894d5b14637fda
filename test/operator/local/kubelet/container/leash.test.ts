import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { silentLog } from "../../../../../runtime/base/log.ts";
import { startLeash } from "../../../../../operator/local/kubelet/container/leash.ts";
import { endLeftovers, openChildNotes } from "../../../../../operator/local/kubelet/container/leftovers.ts";

let folder: string;
let children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-leash-"));
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await rm(folder, { recursive: true, force: true });
});

/** A process that never ends by itself, in a group of its own. */
function sleeper(): { child: ChildProcess; pid: number } {
  const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], {
    detached: true,
    stdio: "ignore",
  });
  children.push(child);
  return { child, pid: child.pid ?? 0 };
}

/** A zombie counts as ended: whoever inherits it may be slow to bury it. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}

describe("a leash", () => {
  test("ends process groups when its holder is killed, except those that were let go", async () => {
    const module = new URL("../../../../../operator/local/kubelet/container/leash.ts", import.meta.url);
    const holder = join(folder, "holder.mjs");
    await writeFile(
      holder,
      `import { spawn } from "node:child_process";
       import { startLeash } from ${JSON.stringify(module.href)};
       const leash = startLeash();
       const pids = [0, 1, 2].map(() => spawn("sleep", ["60"], { detached: true, stdio: "ignore" }).pid);
       for (const pid of pids) leash.add(pid);
       leash.remove(pids[1]);
       setTimeout(() => process.stdout.write(pids.join(" ")), 100);`,
    );
    const child = spawn(process.execPath, [holder], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    const [line] = (await once(child.stdout, "data")) as [Buffer]; // what 'data' carries
    const pids = String(line).split(" ").map(Number);
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    child.kill("SIGKILL");
    await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false, true, false]), 5_000);
    process.kill(pids[1] ?? 0, "SIGKILL");
  });

  test("kills what is still on it when it is closed", async () => {
    const leash = startLeash();
    const { child, pid } = sleeper();
    leash.add(pid);
    const ended = once(child, "exit");
    await leash.close();
    expect(await ended).toEqual([null, "SIGKILL"]);
  });
});

describe("notes of children", () => {
  test("let the next run end what was left behind", async () => {
    const { child, pid } = sleeper();
    const notes = await openChildNotes(folder);
    await notes.add(pid);
    const ended = once(child, "exit");
    await endLeftovers(folder, silentLog);
    expect(await ended).toEqual([null, "SIGKILL"]);
    expect(await readdir(folder)).toEqual([]);
  });

  test("never end a process that got the pid later", async () => {
    const { pid } = sleeper();
    await writeFile(join(folder, String(pid)), "1");
    await endLeftovers(folder, silentLog);
    expect(isAlive(pid)).toBe(true);
    expect(await readdir(folder)).toEqual([]);
  });

  test("forget a child that has ended", async () => {
    const { pid } = sleeper();
    const notes = await openChildNotes(folder);
    await notes.add(pid);
    expect(await readdir(folder)).toEqual([String(pid)]);
    await notes.remove(pid);
    expect(await readdir(folder)).toEqual([]);
  });
});
