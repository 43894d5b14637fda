import { type ChildProcess, execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Whether this process may give programs real-time priority: on Linux, as root. */
export async function hasRealtimePriority(): Promise<boolean> {
  return run("chrt", ["-f", "1", "true"]).then(
    () => true,
    () => false,
  );
}

/**
 * Schedules all threads of a process before all normal ones (SCHED_FIFO), as on an otherwise idle machine. Helper threads rank
 * above the main thread, which may spin while it waits for them.
 */
export async function setRealtimePriority(pid: number): Promise<void> {
  await run("chrt", ["-a", "-f", "-p", "11", String(pid)]);
  await run("chrt", ["-f", "-p", "10", String(pid)]);
}

/** Returns a process to normal scheduling. */
export async function setNormalPriority(pid: number): Promise<void> {
  await run("chrt", ["-a", "-o", "-p", "0", String(pid)]);
}

/** Gives a load generator real-time priority when it reports that it is connected: all its threads exist by then. */
export function setRealtimePriorityOnceConnected({ pid, stdout }: ChildProcess): void {
  if (pid !== undefined) stdout?.once("data", () => void setRealtimePriority(pid).catch(() => {}));
}
