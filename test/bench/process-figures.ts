import { readFileSync } from "node:fs";

/** A process's memory in MB as the kernel counts it: resident (`VmRSS`), peak (`VmHWM`), or resident without pages of files (`RssAnon`). */
export function memoryMb(pid: number | undefined, field: "VmRSS" | "VmHWM" | "RssAnon"): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1]) / 1024;
}

/** The kernel's unit of process times on every architecture that Node runs on (USER_HZ). */
const tickMs = 10;

/** Processor time of all threads since the process began, in milliseconds; other work on the machine does not change it. */
export function cpuMs(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name of the program may contain spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}
