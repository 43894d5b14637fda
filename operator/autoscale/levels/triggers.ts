import type { Outlook } from "../demand.ts";

/** A way to read from an outlook how many requests to be ready for. */
export interface Trigger {
  /** Deviations above what is expected; 0 takes the load as it is. */
  readonly deviations: number;
  /** Whether a rise is expected to go on until a new replica is ready. */
  readonly rising: boolean;
}

const deviations = [0, 1, 2, 3.5, 6] as const;

/** All triggers; each keeps its own record of which levels were needed when. */
export const triggers: readonly Trigger[] = deviations.flatMap((count) => [
  { deviations: count, rising: false },
  { deviations: count, rising: true },
]);

/** The trigger whose record tells how long levels were idle. */
export const reference = triggers.findIndex((trigger) => trigger.deviations === 1 && !trigger.rising);

/** Offered concurrency to be ready for. */
export function concurrencyFor(
  trigger: Trigger,
  { base, rise, deviation }: Outlook,
  present: { readonly offered: number; readonly fast: number; readonly level: number },
): number {
  const start = trigger.deviations === 0 ? Math.max(Math.min(present.offered, present.fast), present.level) : base;
  return start + (trigger.rising ? rise : 0) + trigger.deviations * deviation;
}
