import type { Snapshot } from "../../../snapshot.ts";
import type { Progress } from "../memory/progress.ts";
import { absence, lastingFault } from "../absence.ts";
import { type Step, stepName, type Strategy, strategy } from "./strategy.ts";

/** Where the wanted revision stands on its way to take over. */
export interface Position {
  readonly strategy: Strategy;
  readonly progress: Progress;
  /** The present step; undefined after the last. */
  readonly step: Step | undefined;
  /** Share of the requests, in percent, that the candidate is to have now. */
  readonly weight: number;
  /** Why it has all requests for now, whatever the step says: what keeps the stable revision from serving. */
  readonly standsInFor: string | undefined;
  /** A user wants it to go no further for now. */
  readonly isPaused: boolean;
}

/** The position in the steps as they are declared now; a candidate that is new starts at the first. */
export function position(snapshot: Snapshot): Position {
  const { spec, rollout, wanted, now, commands } = snapshot;
  const declared = strategy(spec);
  const known = rollout.candidate?.revision === wanted.hash ? rollout.progress : undefined;
  // While no pods were wanted nothing could come further.
  const progress = known === undefined ? fresh(now) : { ...known, ...(isIdle(snapshot) ? { progressedMs: now } : {}) };
  const index = progress.skipped === undefined ? Math.min(progress.step, declared.steps.length) : declared.steps.length;
  const gone = index < declared.steps.length ? absence(snapshot) : undefined;
  const standsInFor = lastingFault(gone)?.message;
  return {
    strategy: declared,
    progress: { ...progress, step: index },
    step: declared.steps[index],
    weight: standsInFor === undefined ? weightAt(declared.steps, index) : 100,
    standsInFor,
    isPaused: commands?.isPaused === true && progress.skipped === undefined && standsInFor === undefined,
  };
}

/** Nothing gets requests: no pods were wanted up to now. */
export function isIdle({ rollout: { stable, candidate } }: Snapshot): boolean {
  return stable?.weight === 0 && candidate?.weight === 0;
}

function fresh(now: number): Progress {
  return { step: 0, startedMs: now, stepStartedMs: now, progressedMs: now, isPaused: false };
}

/** That of the nearest setWeight at or before a step; nothing before the first, everything after the last. */
export function weightAt(steps: readonly Step[], index: number): number {
  if (index >= steps.length) return 100;
  const set = steps.slice(0, index + 1).findLast((step) => step.kind === "setWeight");
  return set?.kind === "setWeight" ? set.weight : 0;
}

/** `step 2 of 5 (pause 5m)`; `all steps done` after the last; undefined where there are none. */
export function progressText(steps: readonly Step[], { step, skipped }: Progress): string | undefined {
  if (steps.length === 0) return undefined;
  if (skipped !== undefined) return `steps skipped because ${skipped}`;
  const present = steps[step];
  return present === undefined ? "all steps done" : `step ${step + 1} of ${steps.length} (${stepName(present)})`;
}
