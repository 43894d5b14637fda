import { durationMs } from "../../../../crds/schema/grammar/duration.ts";
import type { Evidence } from "../../../analysis/evidence.ts";
import type { Windows } from "../../../analysis/finding.ts";
import { analysisDefaults, noRequests, type VerdictInput, verdict } from "../../../analysis/verdict.ts";
import type { Snapshot } from "../../snapshot.ts";
import type { Judgement } from "./state/progress.ts";
import type { Position } from "./steps/position.ts";

/** Recent window, compared in addition to the whole step so that a good start does not hide a late regression. */
export const recentMs = 30_000;

/** How often a candidate is judged. */
function intervalMs({ rollout }: Snapshot["spec"]): number {
  const { interval } = rollout?.analysis ?? {};
  return interval === undefined ? analysisDefaults.intervalMs : durationMs(interval);
}

/**
 * Compares the candidate with the stable revision since the step began: returns the last judgement or, when the next one is
 * due, a new one. Candidates are judged while they get a part of the requests, and in `analyze` steps.
 */
export function judgement(snapshot: Snapshot, position: Position): Judgement | undefined {
  const { evidence, recentEvidence, now, wanted, rollout } = snapshot;
  const due = judgementDueMs(snapshot, position);
  if (evidence === undefined || due === undefined || due > now) return position.progress.judgement;
  const stable = rollout.stable?.revision ?? "";
  const judged = verdict({
    ...windows(evidence, wanted.hash, stable),
    ...criteria(snapshot, position),
    recent: recentEvidence && windows(recentEvidence, wanted.hash, stable),
  });
  return { ...judged, atMs: now };
}

/** Each report is a status write: an unchanged verdict is reported at most this often, whatever the interval. */
const reportIntervalMs = 5_000;

/** The judgement that status shows: the previous one while it is recent and has the same verdict in this step. */
export function reportedJudgement(judged: Judgement | undefined, { progress }: Position): Judgement | undefined {
  const { judgement: before, stepStartedMs } = progress;
  if (judged === undefined || before === undefined || judged.verdict !== before.verdict) return judged;
  const isOfThisStep = before.atMs >= stepStartedMs;
  return isOfThisStep && judged.atMs - before.atMs < reportIntervalMs ? before : judged;
}

/** The limits of the analysis; an `analyze` step may override the minimum number of requests. */
function criteria({ spec }: Snapshot, { step }: Position): Pick<VerdictInput, "analysis" | "minimumRequests"> {
  const { analysis = {} } = spec.rollout ?? {};
  const { minimumRequests = analysisDefaults.minimumRequests } = analysis;
  const own = step?.kind === "analyze" ? step.minimumRequests : undefined;
  return { analysis, minimumRequests: own ?? minimumRequests };
}

/** When the candidate is judged next, in milliseconds since the epoch; undefined: it is not judged. */
export function judgementDueMs({ spec, rollout }: Snapshot, position: Position): number | undefined {
  const { step, progress } = position;
  const { weight = 0 } = rollout.candidate ?? {};
  const isAnalysis = step?.kind === "analyze";
  if (!isAnalysis && (weight === 0 || weight === 100)) return undefined;
  const lastMs = Math.max(progress.judgement?.atMs ?? 0, progress.stepStartedMs);
  const nextMs = lastMs + intervalMs(spec);
  if (!isAnalysis) return nextMs;
  const endMs = progress.stepStartedMs + step.durationMs;
  return lastMs < endMs ? Math.min(nextMs, endMs) : nextMs;
}

/** Whether the current `analyze` step has lasted its duration and its judgement is Pass. */
export function isAnalysisPassed(
  { judgement }: { readonly judgement: Judgement | undefined },
  position: Position,
): boolean {
  if (position.step?.kind !== "analyze" || judgement?.verdict !== "Pass") return false;
  return judgement.atMs >= position.progress.stepStartedMs + position.step.durationMs;
}

function windows({ revisions }: Evidence, candidate: string, stable: string): Windows {
  return { candidate: revisions[candidate] ?? noRequests, stable: revisions[stable] ?? noRequests };
}
