import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { environment } from "../../runtime/contract/environment.ts";
import { faults } from "./faults.ts";

/** What `serve` takes from the process it runs in. */
export interface ServeParts {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Calls back for each Ctrl-C or SIGTERM. */
  readonly onSignal: (pass: (signal: NodeJS.Signals) => void) => void;
}

const runtimeMain = fileURLToPath(import.meta.resolve("../../runtime/main.ts"));
/** Each thread that reads a model leaves memory in its arena of the C library: with few arenas, little is kept. */
const keepsLittle = { MALLOC_ARENA_MAX: "2" };
/** Added to the number of a signal that ended a program, as shells do. */
const endedBySignal = 128;

/**
 * `modelwright serve`: the runtime alone, as a program of its own with these arguments. Its output and its exit code are this
 * command's, and signals reach it. It has a process group of its own, so that the terminal's Ctrl-C reaches it once, and ends
 * when this process does: then their channel closes. Throws `MissingArgument` when nothing says what to serve.
 */
export async function serve(args: readonly string[], { environment: given, onSignal }: ServeParts): Promise<number> {
  if (args.length === 0 && given[environment.modelPath] === undefined) {
    throw faults.MissingArgument({ command: "serve", argument: "a model: PATH, --repository FOLDER or --config FILE" });
  }
  // At a terminal the printed lines are read; the log only reports trouble, unless more is asked for.
  const logLevel = given[environment.logLevel] ?? "warn";
  const child = spawn(process.execPath, [runtimeMain, "serve", ...args], {
    detached: true,
    env: { ...keepsLittle, ...given, [environment.logLevel]: logLevel },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  onSignal((signal) => child.kill(signal));
  return await exitCode(child);
}

async function exitCode(child: ChildProcess): Promise<number> {
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null]; // Node's documented pair
  return code ?? endedBySignal + (signal === null ? 0 : constants.signals[signal]);
}
