import type { Evidence } from "../../analysis/evidence.ts";
import { copied, type ModelTotals, windowsSince } from "./totals.ts";

/** Spans of time of one ModelDeployment over which its revisions are compared. */
export interface EvidenceWindows {
  /**
   * What was counted since `sinceMs`, as nearly as is known: since the first moment after it that is remembered, since now when
   * there is none.
   */
  evidence(totals: ModelTotals, sinceMs: number, nowMs: number): Evidence;
}

/** How much was counted at some time. */
interface Mark {
  readonly atMs: number;
  readonly totals: ModelTotals;
}

/** While somebody asks, what was counted is remembered this often, and for this long. */
const markEveryMs = 5_000;
const keptMs = 60_000;
/** Times that were asked for lately keep their mark for as long as they are asked for. */
const maxAsked = 4;

export function createEvidenceWindows(): EvidenceWindows {
  /** Oldest first. */
  let marks: readonly Mark[] = [];
  const asked = new Map<number, Mark>();
  return {
    evidence(totals, sinceMs, nowMs) {
      const known = asked.get(sinceMs) ?? marks.find(({ atMs }) => atMs >= sinceMs);
      const since = known ?? { atMs: nowMs, totals: copied(totals) };
      if (known === undefined) marks = [...marks, since];
      else if (nowMs - (marks.at(-1)?.atMs ?? -Infinity) >= markEveryMs)
        marks = [...marks.filter(({ atMs }) => nowMs - atMs <= keptMs), { atMs: nowMs, totals: copied(totals) }];
      asked.delete(sinceMs);
      asked.set(sinceMs, since);
      const [oldest = sinceMs] = asked.keys();
      if (asked.size > maxAsked) asked.delete(oldest);
      return { sinceMs: since.atMs, untilMs: nowMs, revisions: windowsSince(totals, since.totals) };
    },
  };
}
