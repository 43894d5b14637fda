import { loadavg } from "node:os";

/** A measured figure and its goal. */
export interface Figure {
  readonly figure: string;
  /** Text such as `≤ 8 ms`. */
  readonly goal: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** Prints figures as table rows, then the machine's load average. */
export function printFigures(figures: readonly Figure[]): void {
  for (const { figure, goal, measured, isMet } of figures) {
    console.log(`| ${[figure, goal, measured, isMet ? "met" : "missed"].join(" | ")} |`);
  }
  console.log(`load of the machine: ${loadavg()[0]?.toFixed(1)}`);
}

/** A quantile of the values (0.5: the median), without interpolation: the upper one of two middle values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Median and range, as `median 210, min 190, max 260 ms`. */
export function spread(values: readonly number[], unit: string): string {
  const [median, min, max] = [quantile(values, 0.5), Math.min(...values), Math.max(...values)];
  return `median ${median.toFixed(0)}, min ${min.toFixed(0)}, max ${max.toFixed(0)} ${unit}`;
}
