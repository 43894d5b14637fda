import { type ChildProcess, execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Whether programs can be made urgent here: Linux, and the right to (root has it). */
export async function mayBeUrgent(): Promise<boolean> {
  return run("chrt", ["-f", "1", "true"]).then(
    () => true,
    () => false,
  );
}

/**
 * Has all threads of a program run before every usual program's (SCHED_FIFO): as on a machine without those. Its helpers go before
 * its main thread, which may wait for them without sleeping.
 */
export async function urgent(pid: number): Promise<void> {
  await run("chrt", ["-a", "-f", "-p", "11", String(pid)]);
  await run("chrt", ["-f", "-p", "10", String(pid)]);
}

/** Has it take turns with the others again. */
export async function usual(pid: number): Promise<void> {
  await run("chrt", ["-a", "-o", "-p", "0", String(pid)]);
}

/** Makes a generator urgent when it says that it is connected: its threads are there then. */
export function urgentOnceConnected({ pid, stdout }: ChildProcess): void {
  if (pid !== undefined) stdout?.once("data", () => void urgent(pid).catch(() => {}));
}
