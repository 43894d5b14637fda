import type { Forecast } from "../demand.ts";

/** A safety margin: which concurrency to provision for, given a forecast (the reserve of a newsvendor). */
export interface Margin {
  /** Standard deviations above the forecast; 0 provisions for the load as it is. */
  readonly deviations: number;
  /** Whether the present trend is extrapolated until a new replica is ready. */
  readonly trend: boolean;
  /** Whether the margin is above the 15 min mean, so that noise orders nothing; a load that leaves it is followed. */
  readonly longRun: boolean;
}

const deviations = [0, 1, 2, 3.5, 6] as const;
const longRunDeviations = [1.5, 2.5] as const;

/** All margins; when each level was last needed is recorded for each of them. */
export const margins: readonly Margin[] = [
  ...deviations.flatMap((count) => [
    { deviations: count, trend: false, longRun: false },
    { deviations: count, trend: true, longRun: false },
  ]),
  ...longRunDeviations.map((count) => ({ deviations: count, trend: false, longRun: true })),
];

/** Index of the margin by which idle gaps are measured: one deviation, without trend. */
export const referenceMargin = margins.findIndex(({ deviations: count, trend }) => count === 1 && !trend);

/** Offered concurrency to provision for. */
export function concurrencyFor(
  margin: Margin,
  { base, rise, deviation, longRunMean, longRunDeviation }: Forecast,
  present: { readonly offered: number; readonly fast: number; readonly level: number },
): number {
  if (margin.longRun) return Math.max(base, longRunMean + margin.deviations * longRunDeviation);
  const start = margin.deviations === 0 ? Math.max(Math.min(present.offered, present.fast), present.level) : base;
  return start + (margin.trend ? rise : 0) + margin.deviations * deviation;
}
