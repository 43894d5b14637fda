import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Leash } from "./leash.ts";
import { type ChildNotes, killGroup } from "./leftovers.ts";
import type { LogFile } from "./log-file.ts";

/** What is executed: arguments with the program first, all of its environment, and the folder that it starts in. */
export interface Program {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** A program with all that watches over it. */
export interface ChildOptions {
  readonly program: Program;
  readonly output: LogFile;
  readonly leash: Leash;
  readonly notes: ChildNotes;
}

/** How a program ended. A program ended by a signal has exit code 128 + signal, as container runtimes report it. */
export interface Exit {
  readonly exitCode: number;
  readonly signal?: number;
  /** Set when the program could not be started at all. */
  readonly startFailure?: string;
}

/** A running program in a process group of its own. */
export interface Child {
  /** Resolves when the program has ended, its group is gone and its output is written. Never rejects. */
  readonly ended: Promise<Exit>;
  signal(signal: NodeJS.Signals): void;
}

/** Exit code of a container whose program cannot be started. */
const startFailureExitCode = 128;

/** Starts a program in a process group of its own, so that signals reach all that it starts. */
export function startChild({ program, output, leash, notes }: ChildOptions): Child {
  const [command = "", ...args] = program.argv;
  const child = spawn(command, args, {
    cwd: program.folder,
    env: program.environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", (chunk: Buffer) => output.write("stdout", chunk));
  child.stderr.on("data", (chunk: Buffer) => output.write("stderr", chunk));
  const { pid } = child;
  if (pid === undefined) {
    const failed = new Promise<Error>((resolve) => child.once("error", resolve));
    return { ended: failed.then(async (error) => unstartable(command, error, output)), signal: () => {} };
  }
  leash.add(pid);
  const noted = notes.add(pid);
  let alive = true;
  child.once("exit", () => {
    alive = false;
    killGroup(pid, "SIGKILL"); // a container ends with its first process
    leash.remove(pid);
  });
  const closed = new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => resolve(exitOf(code, signal)));
  });
  return {
    ended: closed.then(async (exit) => {
      await noted;
      await notes.remove(pid);
      await output.close();
      return exit;
    }),
    signal: (signal) => {
      if (alive) killGroup(pid, signal);
    },
  };
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (signal === null) return { exitCode: code ?? 0 };
  const number = constants.signals[signal];
  return { exitCode: 128 + number, signal: number };
}

async function unstartable(command: string, error: Error, output: LogFile): Promise<Exit> {
  await output.close();
  return { exitCode: startFailureExitCode, startFailure: `exec: ${JSON.stringify(command)}: ${error.message}` };
}
