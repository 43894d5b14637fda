import { readFileSync } from "node:fs";

/** Resident memory as the kernel counts it; `VmHWM` is the most that there was, `RssAnon` leaves out pages of files, which processes share. */
export function memoryMb(pid: number | undefined, field: "VmRSS" | "VmHWM" | "RssAnon"): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1]) / 1024;
}

/** The kernel's unit of process times on every architecture that Node runs on (USER_HZ). */
const tickMs = 10;

/** Processor time of all threads since the process began: the machine's other work does not lengthen it. */
export function cpuMs(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name of the program may contain spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}
