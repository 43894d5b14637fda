import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** A thread with this niceness does not delay the event loop on a shared core (`man 7 sched`). */
const niceness = 10;

/**
 * Lowers the priority of the calling thread below the event loop's, so that long computations do not delay requests on
 * a shared core. Only Linux has a niceness per thread; elsewhere nothing changes. Threads started later inherit it.
 */
export function lowerThreadPriority(): void {
  try {
    const [thread = ""] = readlinkSync("/proc/thread-self").split("/").slice(-1);
    setPriority(Number(thread), niceness);
  } catch {
    // not Linux, or not permitted: only latency depends on it
  }
}
