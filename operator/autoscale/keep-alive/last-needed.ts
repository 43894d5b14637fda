/**
 * When each level was last needed, as a monotonic stack. A level is needed whenever a higher one is, so lower levels were needed
 * at the same time or later, and one entry per time is enough: alternately a second and the highest level that was needed
 * then, from the highest level (and oldest second) to the lowest.
 */
export type LastNeeded = number[];

/** Records that levels up to `level` are needed now. Returns the same array, unless its number of steps changed. */
export function withNeed(steps: LastNeeded, level: number, now: number): LastNeeded {
  if (level === 0) return steps;
  let length = steps.length;
  while (length > 0 && (steps[length - 1] ?? 0) <= level) length -= 2;
  if (length + 2 === steps.length) {
    steps[length] = now;
    steps[length + 1] = level;
    return steps;
  }
  // An array of its exact size: one that grows by push reserves sixteen more elements, in each of ten thousand models.
  return length === 0 ? [now, level] : steps.slice(0, length).concat(now, level);
}

/** How long levels are kept after they were last needed, in seconds. */
export interface KeepAlive {
  /** By level less one. */
  readonly seconds: readonly number[];
  /** Of levels above those. */
  readonly unknown: number;
  /** Lower bound for every level. */
  readonly least: number;
}

/** The highest level that is kept. */
export function keptLevel(steps: readonly number[], now: number, { seconds, unknown, least }: KeepAlive): number {
  for (let step = 0; step < steps.length; step += 2) {
    const idle = now - (steps[step] ?? now);
    const below = steps[step + 3] ?? 0;
    for (let level = steps[step + 1] ?? 0; level > below; level -= 1) {
      if (idle <= least || idle <= (seconds[level - 1] ?? unknown)) return level;
    }
  }
  return 0;
}

/** At most `most` of the steps, the highest and the lowest included; levels between them count as needed at the older time. */
export function thinned(steps: LastNeeded, most: number): LastNeeded {
  const count = steps.length / 2;
  if (count <= most) return steps;
  return Array.from({ length: most }, (_, index) => 2 * Math.round((index * (count - 1)) / (most - 1))).flatMap((at) =>
    steps.slice(at, at + 2),
  );
}

/** Calls `visit` with each level up to `level` that has been idle for more than `pause` seconds, and with how long. */
export function visitIdleLevels(
  steps: readonly number[],
  { level, now, pause }: { readonly level: number; readonly now: number; readonly pause: number },
  visit: (level: number, idle: number) => void,
): void {
  for (let step = 0; step < steps.length; step += 2) {
    const idle = now - (steps[step] ?? now);
    const below = steps[step + 3] ?? 0;
    if (idle <= pause) return;
    for (let one = Math.min(level, steps[step + 1] ?? 0); one > below; one -= 1) visit(one, idle);
  }
}
