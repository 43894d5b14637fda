/**
 * When each level was needed last. A level is needed whenever a higher one is, so the times only fall from level to level
 * and a few steps tell all: alternately a second and the highest level that was needed then; from the highest level (and
 * oldest second) to the lowest.
 */
export type Staircase = number[];

/** The staircase after a moment in which levels up to `level` were needed: the same one, unless its number of steps changed. */
export function withNeed(stairs: Staircase, level: number, now: number): Staircase {
  if (level === 0) return stairs;
  let length = stairs.length;
  while (length > 0 && (stairs[length - 1] ?? 0) <= level) length -= 2;
  if (length + 2 === stairs.length) {
    stairs[length] = now;
    stairs[length + 1] = level;
    return stairs;
  }
  // Of its size exactly: an array that grows by push keeps room for sixteen more, in each of ten thousand models.
  return length === 0 ? [now, level] : stairs.slice(0, length).concat(now, level);
}

/** For how long levels are kept after they were last needed. */
export interface Keeping {
  /** By level less one. */
  readonly seconds: readonly number[];
  /** Of a level above these. */
  readonly unknown: number;
  /** At least so long. */
  readonly least: number;
}

/** The highest level that is kept. */
export function keptLevel(stairs: readonly number[], now: number, { seconds, unknown, least }: Keeping): number {
  for (let step = 0; step < stairs.length; step += 2) {
    const idle = now - (stairs[step] ?? now);
    const below = stairs[step + 3] ?? 0;
    for (let level = stairs[step + 1] ?? 0; level > below; level -= 1) {
      if (idle <= least || idle <= (seconds[level - 1] ?? unknown)) return level;
    }
  }
  return 0;
}

/** A staircase of no more than so many steps, the highest and the lowest among them; levels of steps that are left out count as older. */
export function thinned(stairs: Staircase, most: number): Staircase {
  const steps = stairs.length / 2;
  if (steps <= most) return stairs;
  return Array.from({ length: most }, (_, index) => 2 * Math.round((index * (steps - 1)) / (most - 1))).flatMap((at) =>
    stairs.slice(at, at + 2),
  );
}

/** Calls with each level up to `level` that had been idle for longer than `pause` seconds, and for how long. */
export function idleLevels(
  stairs: readonly number[],
  { level, now, pause }: { readonly level: number; readonly now: number; readonly pause: number },
  seen: (level: number, idle: number) => void,
): void {
  for (let step = 0; step < stairs.length; step += 2) {
    const idle = now - (stairs[step] ?? now);
    const below = stairs[step + 3] ?? 0;
    if (idle <= pause) return;
    for (let one = Math.min(level, stairs[step + 1] ?? 0); one > below; one -= 1) seen(one, idle);
  }
}
