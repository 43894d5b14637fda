import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";

/** A running program of the control plane or a node. */
export interface Component {
  readonly name: string;
  /** Rejects with the tail of the program's log when it ends before `kill`. */
  readonly ended: Promise<never>;
  kill(): Promise<void>;
}

const logTailLines = 20;

/** Starts a program of the multi-call binary under its `leash`, which ends the program when this process ends. */
export function startComponent(
  binary: string,
  folder: string,
  name: string,
  flags: readonly string[],
): Promise<Component> {
  return startProgram(folder, name, [binary, "leash", name, ...flags]);
}

/** Starts a command whose output goes to `<name>.log` in the folder. Its standard input closes when this process ends. */
export async function startProgram(
  folder: string,
  name: string,
  [file, ...args]: readonly [string, ...string[]],
): Promise<Component> {
  const logPath = join(folder, `${name}.log`);
  const log = await open(logPath, "a");
  const child = spawn(file, args, {
    stdio: ["pipe", log.fd, log.fd],
    cwd: folder,
    // Ctrl-C must reach this process only, which then ends its children.
    detached: true,
  });
  try {
    await once(child, "spawn");
  } finally {
    await log.close();
  }
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();

  const exited = once(child, "exit");
  let killed = false;
  const ended = exited.then(async (): Promise<never> => {
    if (killed) return new Promise<never>(() => {});
    throw new Error(`${name} ended (${exitReason(child)}); its log ends with:\n${await tail(logPath)}`);
  });
  // Callers race this promise during the start; a later exit must not be an unhandled rejection.
  ended.catch(() => {});
  return {
    name,
    ended,
    async kill() {
      killed = true;
      child.ref();
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function exitReason(child: ChildProcess): string {
  return child.signalCode ?? `exit status ${child.exitCode}`;
}

async function tail(path: string): Promise<string> {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  return lines.slice(-logTailLines).join("\n");
}
