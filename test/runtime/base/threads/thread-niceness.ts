import { readFileSync, readdirSync } from "node:fs";

/** Niceness of a thread of this process (field 19 of stat, after the name, which may contain blanks). */
export function nicenessOf(thread: number | string): number {
  const stat = statOf(thread);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16] ?? 0);
}

/** The highest niceness of all threads of this process. */
export function nicest(): number {
  return Math.max(...readdirSync("/proc/self/task").map(nicenessOf));
}

/** Empty for a thread that ended after the folder was read. */
function statOf(thread: number | string): string {
  try {
    return readFileSync(`/proc/self/task/${thread}/stat`, "utf8");
  } catch {
    return "";
  }
}
