/** By how much the number of pods may differ from the wanted one while a revision replaces another. */
export interface Allowance {
  /** Pods that there may be beyond the wanted ones. */
  readonly surge: number;
  /** Pods of the wanted ones that may be missing. */
  readonly unavailable: number;
  /** What was made of the numbers, when they would have stopped every rollout. */
  readonly why?: string | undefined;
}

/**
 * Counts from counts and percentages: of the surge rounded up, of what may be missing rounded down and at most all, as
 * Deployments have it. Both 0 would let no pod be replaced: then one may be missing.
 */
export function allowance(wanted: number, maxSurge: string | number, maxUnavailable: string | number): Allowance {
  const surge = Math.ceil(amount(wanted, maxSurge));
  const unavailable = Math.min(wanted, Math.floor(amount(wanted, maxUnavailable)));
  if (surge > 0 || unavailable > 0 || wanted === 0) return { surge, unavailable };
  const why = `maxSurge ${maxSurge} and maxUnavailable ${maxUnavailable} of ${wanted} are both 0: one pod may be missing`;
  return { surge, unavailable: 1, why };
}

/** What is no number is nothing: the API refuses it before it comes here. */
function amount(wanted: number, limit: string | number): number {
  const text = String(limit);
  const number = Number(text.endsWith("%") ? text.slice(0, -1) : text);
  if (!Number.isFinite(number) || number < 0) return 0;
  return text.endsWith("%") ? (wanted * number) / 100 : number;
}
