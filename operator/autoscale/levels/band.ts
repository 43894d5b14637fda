/** Up to here every number of replicas has a band of its own. */
const exact = 32;
const growth = 33 / 32;

const bounds: number[] = [];

/**
 * Replicas of a band. Levels of replicas are told apart one by one where they are few, and in steps of 3 % where they are
 * many: what is remembered of a model stays small.
 */
export function replicasOfBand(band: number): number {
  while (bounds.length <= band) {
    const next = bounds.length;
    const last = bounds[next - 1] ?? -1;
    bounds.push(next <= exact ? next : Math.max(last + 1, Math.ceil(exact * growth ** (next - exact))));
  }
  return bounds[band] ?? 0;
}

/** The lowest band that holds so many replicas. */
export function bandOf(replicas: number): number {
  if (replicas <= exact) return Math.max(0, Math.ceil(replicas));
  let band = exact + Math.max(0, Math.floor(Math.log(replicas / exact) / Math.log(growth)) - 2);
  while (replicasOfBand(band) < replicas) band += 1;
  return band;
}
