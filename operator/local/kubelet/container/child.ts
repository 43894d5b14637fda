import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Watchdog } from "./watchdog.ts";
import { type PidFiles, killGroup } from "./pid-files.ts";
import type { LogFile } from "./log-file.ts";

/** A command line, its complete environment, and its working directory. */
export interface Program {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** Options of `startChild`. */
export interface ChildOptions {
  readonly program: Program;
  readonly output: LogFile;
  readonly watchdog: Watchdog;
  readonly pidFiles: PidFiles;
}

/** How a program ended. After a signal the exit code is 128 + signal, as container runtimes report it. */
export interface Exit {
  readonly exitCode: number;
  readonly signal?: number;
  /** Error message when the program could not be started. */
  readonly startFailure?: string;
}

/** A running program in a process group of its own. */
export interface Child {
  /** Resolves when the program has ended, its process group is killed and its output is written. Never rejects. */
  readonly ended: Promise<Exit>;
  signal(signal: NodeJS.Signals): void;
}

/** Exit code of a container whose program cannot be started. */
const startFailureExitCode = 128;

/** Starts a program in its own process group, so that signals reach its children as well. */
export function startChild({ program, output, watchdog, pidFiles }: ChildOptions): Child {
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
    return { ended: failed.then(async (error) => startFailure(command, error, output)), signal: () => {} };
  }
  watchdog.add(pid);
  const recorded = pidFiles.add(pid);
  let alive = true;
  child.once("exit", () => {
    alive = false;
    killGroup(pid, "SIGKILL"); // a container ends with its first process
    watchdog.remove(pid);
  });
  const closed = new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => resolve(exitOf(code, signal)));
  });
  return {
    ended: closed.then(async (exit) => {
      await recorded;
      await pidFiles.remove(pid);
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

async function startFailure(command: string, error: Error, output: LogFile): Promise<Exit> {
  await output.close();
  return { exitCode: startFailureExitCode, startFailure: `exec: ${JSON.stringify(command)}: ${error.message}` };
}
