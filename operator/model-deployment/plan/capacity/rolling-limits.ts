/** How far the number of pods may deviate from the wanted one during a rollout. */
export interface RollingLimits {
  /** Pods above the wanted number. */
  readonly surge: number;
  /** Wanted pods that may be missing. */
  readonly unavailable: number;
  /** How the numbers were adjusted, if they would have blocked every rollout. */
  readonly why?: string | undefined;
}

/**
 * Resolves maxSurge and maxUnavailable to pod counts as Deployments do: percentages of the surge round up, of the unavailable
 * pods down. If both come to 0, one pod may be missing, since otherwise none could be replaced.
 */
export function rollingLimits(
  wanted: number,
  maxSurge: string | number,
  maxUnavailable: string | number,
): RollingLimits {
  const surge = Math.ceil(amount(wanted, maxSurge));
  const unavailable = Math.min(wanted, Math.floor(amount(wanted, maxUnavailable)));
  if (surge > 0 || unavailable > 0 || wanted === 0) return { surge, unavailable };
  const why = `maxSurge ${maxSurge} and maxUnavailable ${maxUnavailable} of ${wanted} are both 0: one pod may be missing`;
  return { surge, unavailable: 1, why };
}

/** 0 for anything but a number or a percentage: the API refuses those beforehand. */
function amount(wanted: number, limit: string | number): number {
  const text = String(limit);
  const number = Number(text.endsWith("%") ? text.slice(0, -1) : text);
  if (!Number.isFinite(number) || number < 0) return 0;
  return text.endsWith("%") ? (wanted * number) / 100 : number;
}
