import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Commands, Result } from "./api/protocol.ts";

/** The zero-latency API server as a process of its own. */
export interface ApiProcess extends Commands {
  readonly pid: number | undefined;
  readonly port: string;
  /** The service account of a pod that talks to it. */
  readonly folder: string;
  stop(): Promise<void>;
}

/**
 * Collecting the garbage of all these objects would keep both cores for 60 ms, whoever waits for an answer, a bare loop or the
 * operator: with room for all that it makes the server never does.
 */
const serverFlags: readonly string[] = ["--initial-old-space-size=2048"];

/** Starts one with an empty cluster in it, but for a gateway's pod. */
export async function startApiProcess(): Promise<ApiProcess> {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-bench-"));
  const script = fileURLToPath(import.meta.resolve("./api/main.ts"));
  const child = fork(script, [folder], { execArgv: [...serverFlags] });
  const call = calls(child);
  const ended = once(child, "exit").then(() => Promise.reject(new Error("the API-server process ended")));
  const [{ value: port }] = (await Promise.race([once(child, "message"), ended])) as [Result]; // its first one
  ended.catch(() => {});
  const asked = <K extends keyof Commands>(command: K): Commands[K] => {
    const through = (...args: readonly unknown[]): Promise<unknown> => call(command, args);
    return through as Commands[K]; // both sides have the same table
  };
  return {
    pid: child.pid,
    port: String(port),
    folder,
    create: asked("create"),
    untilStatuses: asked("untilStatuses"),
    change: asked("change"),
    touchGateway: asked("touchGateway"),
    play: asked("play"),
    untilQuiet: asked("untilQuiet"),
    account: asked("account"),
    forget: asked("forget"),
    ready: asked("ready"),
    async stop() {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
      rmSync(folder, { recursive: true });
    },
  };
}

/** Calls by number, so that several may be under way. */
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
