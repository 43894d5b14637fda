import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** The event loop waits for no core that a thread of this niceness computes on (`man 7 sched`). */
const niceness = 10;

/**
 * Makes the calling thread nicer than the event loop: where they share a core, long work in it keeps no request waiting. Linux gives
 * each thread a niceness of its own; elsewhere it stays as it is. Threads that it starts from now on take it over.
 */
export function yieldToTheLoop(): void {
  try {
    const [thread = ""] = readlinkSync("/proc/thread-self").split("/").slice(-1);
    setPriority(Number(thread), niceness);
  } catch {
    // no Linux, or no right to: nothing but a figure depends on it
  }
}
