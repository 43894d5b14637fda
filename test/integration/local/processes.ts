import { readdirSync, readFileSync } from "node:fs";

/** A process of this machine. Its start time distinguishes it from a later process with the same pid. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks after boot. */
  readonly startTime: string;
  readonly command: string;
}

/** All descendants of a process. */
export function descendants(pid: number): readonly Process[] {
  const all = processes();
  const below = (parent: number): readonly Process[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(pid);
}

/** The processes of `known` that still run; zombies do not count. */
export function alive(known: readonly Process[]): readonly Process[] {
  const now = new Map(processes().map((one) => [one.pid, one.startTime]));
  return known.filter(({ pid, startTime }) => now.get(pid) === startTime);
}

function processes(): readonly Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processOf(Number(name)) ?? []);
}

/** Reads /proc/PID/stat, in which state is the 3rd field, parent the 4th and start time the 22nd. */
function processOf(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return { pid, parent: Number(fields[1]), startTime: fields[19] ?? "", command };
  } catch {
    return undefined; // the process has ended meanwhile
  }
}
