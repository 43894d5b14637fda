import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that does not outlive this process, whatever ends it. */
export interface StateFolder {
  readonly path: string;
  remove(): Promise<void>;
}

// A unix socket's path holds 107 characters; the rest of them go to the names in the folder.
const longestTemporaryFolder = 70;

// The components end at the same moment as the janitor's standard input and may write once more.
const janitor = `cat >/dev/null; [ -f "$1/farewell" ] && sh "$1/farewell"; for n in 1 2 3 4 5; do rm -rf -- "$1" && exit 0; sleep 1; done; exit 1`;

/**
 * Creates an empty folder and the process that deletes it when asked to or when this process ends.
 * Before that, it runs what the file `farewell` in the folder says, a shell script, if there is one.
 */
export async function createStateFolder(): Promise<StateFolder> {
  const parent = tmpdir().length > longestTemporaryFolder ? "/tmp" : tmpdir();
  const path = await mkdtemp(join(parent, "modelwright-"));
  // In a session of its own, or Ctrl-C would end the janitor before its work.
  const child = spawn("sh", ["-c", janitor, "janitor", path], {
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
