import { loadavg } from "node:os";

/** A figure of the product beside its goal. */
export interface Figure {
  readonly figure: string;
  /** As people read it: `≤ 8 ms`. */
  readonly goal: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** Prints figures as rows of a table, one a line, with the machine's load: it is seldom alone. */
export function printFigures(figures: readonly Figure[]): void {
  for (const { figure, goal, measured, isMet } of figures) {
    console.log(`| ${[figure, goal, measured, isMet ? "met" : "missed"].join(" | ")} |`);
  }
  console.log(`load of the machine: ${loadavg()[0]?.toFixed(1)}`);
}

/** The value below which this share of the values lies; of an even number of values the upper one of two. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** `median 210, min 190, max 260 ms`. */
export function spread(values: readonly number[], unit: string): string {
  const [median, min, max] = [quantile(values, 0.5), Math.min(...values), Math.max(...values)];
  return `median ${median.toFixed(0)}, min ${min.toFixed(0)}, max ${max.toFixed(0)} ${unit}`;
}
