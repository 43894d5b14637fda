import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../../../../runtime/base/log.ts";

/**
 * Notes on disk of the process groups that run: `<pid>` holds the start time. The next kubelet on the same folder ends
 * what an earlier one left behind, and never a stranger that got the same pid.
 */
export interface ChildNotes {
  add(pid: number): Promise<void>;
  remove(pid: number): Promise<void>;
}

/** Notes of processes in a folder: what a kubelet that was killed has left is found there. */
export async function openChildNotes(folder: string): Promise<ChildNotes> {
  await mkdir(folder, { recursive: true });
  return {
    add: async (pid) => {
      const started = await startTime(pid);
      if (started !== undefined) await writeFile(join(folder, String(pid)), started);
    },
    remove: (pid) => rm(join(folder, String(pid)), { force: true }),
  };
}

/** Kills every noted process group whose leader has the noted start time, and forgets all notes. */
export async function endLeftovers(folder: string, log: Log): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = Number(name);
    const noted = await readFile(join(folder, name), "utf8");
    if (Number.isSafeInteger(pid) && pid > 1 && (await startTime(pid)) === noted) {
      log.warn("ending a process left behind by an earlier run", { pid });
      killGroup(pid, "SIGKILL");
    }
    await rm(join(folder, name), { force: true });
  }
}

/** Signals a whole process group; a group that is already gone is fine. */
export function killGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "ESRCH")) throw thrown;
  }
}

/** Clock ticks after boot at which the process started (field 22 of /proc/PID/stat); undefined: no such process. */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}
