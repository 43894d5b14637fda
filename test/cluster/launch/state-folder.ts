import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary folder that is removed when this process ends, also when it is killed. */
export interface StateFolder {
  readonly path: string;
  remove(): Promise<void>;
}

// A unix socket's path has at most 107 characters, of which the names in the folder take the rest.
const longestTemporaryFolder = 70;

// The components end when this script's standard input closes and may write once more, hence the retries.
const removeAtEnd = `cat >/dev/null; [ -f "$1/cleanup.sh" ] && sh "$1/cleanup.sh"; for n in 1 2 3 4 5; do rm -rf -- "$1" && exit 0; sleep 1; done; exit 1`;

/**
 * Creates an empty folder and a process that deletes it on `remove` or when this process ends. Before that, the process runs the
 * shell script `cleanup.sh` in the folder if there is one.
 */
export async function createStateFolder(): Promise<StateFolder> {
  const parent = tmpdir().length > longestTemporaryFolder ? "/tmp" : tmpdir();
  const path = await mkdtemp(join(parent, "modelwright-"));
  // In its own session, or Ctrl-C would end it before it has removed the folder.
  const child = spawn("sh", ["-c", removeAtEnd, "remove-at-end", path], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  await once(child, "spawn");
  const exited = once(child, "exit");
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return {
    path,
    async remove() {
      child.ref();
      child.stdin.end();
      await exited;
    },
  };
}
