/** Up to this count every number of replicas is a level of its own. */
const exact = 32;
const growth = 33 / 32;

const replicaCounts: number[] = [];

/**
 * Replicas of a level. Levels quantize replica counts: one by one up to 32, in steps of 3 % above, so that what is
 * remembered of a model stays small.
 */
export function replicasOfLevel(level: number): number {
  while (replicaCounts.length <= level) {
    const next = replicaCounts.length;
    const last = replicaCounts[next - 1] ?? -1;
    replicaCounts.push(next <= exact ? next : Math.max(last + 1, Math.ceil(exact * growth ** (next - exact))));
  }
  return replicaCounts[level] ?? 0;
}

/** The lowest level of at least `replicas` replicas. */
export function levelOfReplicas(replicas: number): number {
  if (replicas <= exact) return Math.max(0, Math.ceil(replicas));
  let level = exact + Math.max(0, Math.floor(Math.log(replicas / exact) / Math.log(growth)) - 2);
  while (replicasOfLevel(level) < replicas) level += 1;
  return level;
}
