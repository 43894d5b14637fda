import type { Outlook } from "../demand.ts";

/** A way to read from an outlook how many requests to be ready for. */
export interface Trigger {
  /** Deviations above what is expected; 0 takes the load as it is. */
  readonly deviations: number;
  /** Whether a rise is expected to go on until a new replica is ready. */
  readonly rising: boolean;
  /** Whether noise is borne: from what was usual for long, unless the load leaves it. */
  readonly calm: boolean;
}

const deviations = [0, 1, 2, 3.5, 6] as const;
const calmDeviations = [1.5, 2.5] as const;

/** All triggers; each keeps its own record of which levels were needed when. */
export const triggers: readonly Trigger[] = [
  ...deviations.flatMap((count) => [
    { deviations: count, rising: false, calm: false },
    { deviations: count, rising: true, calm: false },
  ]),
  ...calmDeviations.map((count) => ({ deviations: count, rising: false, calm: true })),
];

/** The trigger whose record tells how long levels were idle. */
export const reference = triggers.findIndex(({ deviations: count, rising }) => count === 1 && !rising);

/** Offered concurrency to be ready for. */
export function concurrencyFor(
  trigger: Trigger,
  { base, rise, deviation, calm, calmDeviation }: Outlook,
  present: { readonly offered: number; readonly fast: number; readonly level: number },
): number {
  if (trigger.calm) return Math.max(base, calm + trigger.deviations * calmDeviation);
  const start = trigger.deviations === 0 ? Math.max(Math.min(present.offered, present.fast), present.level) : base;
  return start + (trigger.rising ? rise : 0) + trigger.deviations * deviation;
}
