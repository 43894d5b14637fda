import type { Evidence } from "../../analysis/evidence.ts";
import { copied, type ModelTotals, windowsSince } from "./totals.ts";

/** Spans of time of one ModelDeployment over which its revisions are compared. */
export interface EvidenceWindows {
  /** What was counted since `sinceMs`; the first call with another `sinceMs` begins a new span, now. */
  evidence(totals: ModelTotals, sinceMs: number, nowMs: number): Evidence;
}

interface Mark {
  readonly sinceMs: number;
  readonly atMs: number;
  readonly totals: ModelTotals;
}

/** Spans that are remembered: a step and the one before it, for whoever asks with an older snapshot. */
const maxSpans = 2;
/** The recent span begins at the mark before the last one. */
const markEveryMs = 15_000;

export function createEvidenceWindows(): EvidenceWindows {
  let spans: readonly Mark[] = [];
  let marks: readonly Mark[] = [];
  return {
    evidence(totals, sinceMs, nowMs) {
      const mark = (): Mark => ({ sinceMs, atMs: nowMs, totals: copied(totals) });
      let span = spans.find((known) => known.sinceMs === sinceMs);
      if (span === undefined) {
        span = mark();
        spans = [span, ...spans].slice(0, maxSpans);
      }
      if (nowMs - (marks[0]?.atMs ?? -Infinity) >= markEveryMs) marks = [mark(), ...marks].slice(0, 2);
      const recent = marks[1];
      return {
        sinceMs: span.atMs,
        untilMs: nowMs,
        revisions: windowsSince(totals, span.totals),
        ...(recent !== undefined && recent.atMs > span.atMs ? { recent: windowsSince(totals, recent.totals) } : {}),
      };
    },
  };
}
