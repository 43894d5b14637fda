/**
 * When each level was needed last. A level is needed whenever a higher one is, so the times only fall from level to level
 * and a few steps tell all: alternately a second and the highest level that was needed then; from the highest level (and
 * oldest second) to the lowest.
 */
export type Staircase = readonly number[];

/** The staircase after a moment in which levels up to `level` were needed. */
export function withNeed(stairs: Staircase, level: number, now: number): Staircase {
  if (level === 0) return stairs;
  let length = stairs.length;
  while (length > 0 && (stairs[length - 1] ?? 0) <= level) length -= 2;
  // Of its size exactly: an array that grows by push keeps room for sixteen more, in each of ten thousand models.
  return length === 0 ? [now, level] : stairs.slice(0, length).concat(now, level);
}

/** The highest level that is kept: `keep` says for how many seconds each is, after it was last needed. */
export function keptLevel(stairs: Staircase, now: number, keep: (level: number) => number): number {
  for (let step = 0; step < stairs.length; step += 2) {
    const idle = now - (stairs[step] ?? now);
    const below = stairs[step + 3] ?? 0;
    for (let level = stairs[step + 1] ?? 0; level > below; level -= 1) {
      if (idle <= keep(level)) return level;
    }
  }
  return 0;
}

/** Calls with each level up to `level` that had been idle for longer than `pause` seconds, and for how long. */
export function idleLevels(
  stairs: Staircase,
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
