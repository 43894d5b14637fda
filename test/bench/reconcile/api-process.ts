import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Commands, Result } from "./api/protocol.ts";

/** The process of the zero-latency API server. */
export interface ApiProcess extends Commands {
  readonly pid: number | undefined;
  readonly port: string;
  /** Folder with a service account of the server. */
  readonly folder: string;
  stop(): Promise<void>;
}

/**
 * Node's flags for the server. A full garbage collection of all these objects would occupy both cores for 60 ms while a client waits
 * for a response; with this heap size none happens.
 */
const serverFlags: readonly string[] = ["--initial-old-space-size=2048"];

/** Starts a server with no objects except a gateway's pod. */
export async function startApiProcess(): Promise<ApiProcess> {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-bench-"));
  const script = fileURLToPath(import.meta.resolve("./api/main.ts"));
  const child = fork(script, [folder], { execArgv: [...serverFlags] });
  const call = calls(child);
  const ended = once(child, "exit").then(() => Promise.reject(new Error("the API-server process ended")));
  const [{ value: port }] = (await Promise.race([once(child, "message"), ended])) as [Result]; // its first one
  ended.catch(() => {});
  const command = <K extends keyof Commands>(name: K): Commands[K] => {
    const through = (...args: readonly unknown[]): Promise<unknown> => call(name, args);
    return through as Commands[K]; // both sides have the same table
  };
  return {
    pid: child.pid,
    port: String(port),
    folder,
    create: command("create"),
    untilStatuses: command("untilStatuses"),
    change: command("change"),
    touchGateway: command("touchGateway"),
    startPods: command("startPods"),
    untilQuiet: command("untilQuiet"),
    requestCounts: command("requestCounts"),
    resetCounts: command("resetCounts"),
    countReady: command("countReady"),
    async stop() {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
      rmSync(folder, { recursive: true });
    },
  };
}

/** Sends commands with a number, so that several can be in flight. */
function calls(child: ChildProcess): (command: keyof Commands, args: readonly unknown[]) => Promise<unknown> {
  const waiting = new Map<number, (result: Result) => void>();
  let count = 0;
  child.on("message", (result: Result) => {
    waiting.get(result.id)?.(result);
    waiting.delete(result.id);
  });
  child.on("exit", () => {
    for (const [id, settle] of waiting) settle({ id, error: "the API-server process ended" });
  });
  return async (command, args) => {
    count += 1;
    const id = count;
    const { value, error } = await new Promise<Result>((resolve) => {
      waiting.set(id, resolve);
      child.send({ id, command, args });
    });
    if (error !== undefined) throw new Error(`${command}: ${error}`);
    return value;
  };
}
