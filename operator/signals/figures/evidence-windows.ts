import type { Evidence } from "../../analysis/evidence.ts";
import { copyOf, type ModelTotals, windowsSince } from "./totals.ts";

/** Time windows of one ModelDeployment over which its revisions are compared. */
export interface EvidenceWindows {
  /**
   * Counts since `sinceMs`, or as close as possible: since the first checkpoint after it, or since now if there is none.
   */
  evidence(totals: ModelTotals, sinceMs: number, nowMs: number): Evidence;
}

/** The totals at a point in time. */
interface Checkpoint {
  readonly atMs: number;
  readonly totals: ModelTotals;
}

/** While evidence is requested, checkpoints are made this often and kept for this long. */
const checkpointEveryMs = 5_000;
const keptMs = 60_000;
/** Recently requested start times keep their checkpoint while they are requested. */
const maxRequested = 4;

export function createEvidenceWindows(): EvidenceWindows {
  /** Oldest first. */
  let checkpoints: readonly Checkpoint[] = [];
  const requested = new Map<number, Checkpoint>();
  return {
    evidence(totals, sinceMs, nowMs) {
      const known = requested.get(sinceMs) ?? checkpoints.find(({ atMs }) => atMs >= sinceMs);
      const since = known ?? { atMs: nowMs, totals: copyOf(totals) };
      if (known === undefined) checkpoints = [...checkpoints, since];
      else if (nowMs - (checkpoints.at(-1)?.atMs ?? -Infinity) >= checkpointEveryMs)
        checkpoints = [
          ...checkpoints.filter(({ atMs }) => nowMs - atMs <= keptMs),
          { atMs: nowMs, totals: copyOf(totals) },
        ];
      requested.delete(sinceMs);
      requested.set(sinceMs, since);
      const [oldest = sinceMs] = requested.keys();
      if (requested.size > maxRequested) requested.delete(oldest);
      return { sinceMs: since.atMs, untilMs: nowMs, revisions: windowsSince(totals, since.totals) };
    },
  };
}
