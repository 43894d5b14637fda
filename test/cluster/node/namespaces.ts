import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Socket } from "node:net";

import { capture } from "../launch/kubectl.ts";

/** Linux namespaces that the programs of a node share; all processes in them end with the first one. */
export interface Namespaces {
  /** Process id of the first process, outside the namespaces. */
  readonly pid: number;
  /** Wraps a command so that it runs inside. */
  readonly inside: (command: readonly string[]) => readonly [string, ...string[]];
  /** Ends every process inside, which removes mounts and interfaces. */
  end(): Promise<void>;
}

/** Creates namespaces that end with this process at the latest. */
export async function createNamespaces(binary: string): Promise<Namespaces> {
  const kinds = ["--mount", "--propagation=slave", "--net", "--uts", "--ipc", "--pid"];
  const child = spawn("unshare", [...kinds, "--fork", "--kill-child", "--mount-proc", binary, "node-init"], {
    stdio: ["pipe", "pipe", "inherit"],
    // Ctrl-C must reach this process only, which then ends its child.
    detached: true,
  });
  const exited = once(child, "exit");
  const ready = await Promise.race([once(child.stdout, "data"), exited.then(() => undefined)]);
  if (ready === undefined) throw new Error(`unshare ended with exit status ${child.exitCode}`);
  child.unref();
  for (const stream of [child.stdin, child.stdout]) if (stream instanceof Socket) stream.unref();
  const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
  const pid = Number.parseInt(children, 10);
  return {
    pid,
    inside: (command) => ["nsenter", `--target=${pid}`, "-m", "-n", "-u", "-i", "-p", "--", ...command],
    async end() {
      child.ref();
      child.stdin.end();
      await exited;
    },
  };
}

/** Runs a command and returns its output. Throws if it fails. */
export async function run(command: readonly string[]): Promise<string> {
  const [file = "", ...args] = command;
  const { code, stdout, stderr } = await capture(file, args);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with exit status ${code}: ${stderr || stdout}`);
  return stdout;
}
