import { durationMs } from "../../../../crds/schema/grammar/duration.ts";
import type { Evidence } from "../../../analysis/evidence.ts";
import type { Windows } from "../../../analysis/finding.ts";
import { assumedAnalysis, noRequests, type Question, verdict } from "../../../analysis/verdict.ts";
import type { Snapshot } from "../../snapshot.ts";
import type { Judgement } from "./memory/progress.ts";
import type { Position } from "./steps/position.ts";

/** What is looked at besides the whole step, so that what breaks late is not hidden by what was good before. */
export const recentMs = 30_000;

/** How often a candidate is judged. */
function intervalMs({ rollout }: Snapshot["spec"]): number {
  const { interval } = rollout?.analysis ?? {};
  return interval === undefined ? assumedAnalysis.intervalMs : durationMs(interval);
}

/**
 * How the candidate does beside the stable revision since the step began: the last judgement or, where the next is due, a
 * new one. All the time that it has a part of the requests, and in steps that are there for it.
 */
export function judgement(snapshot: Snapshot, here: Position): Judgement | undefined {
  const { evidence, recentEvidence, now, wanted, rollout } = snapshot;
  const due = judgementDueMs(snapshot, here);
  if (evidence === undefined || due === undefined || due > now) return here.progress.judgement;
  const stable = rollout.stable?.revision ?? "";
  const made = verdict({
    ...windows(evidence, wanted.hash, stable),
    ...criteria(snapshot, here),
    recent: recentEvidence && windows(recentEvidence, wanted.hash, stable),
  });
  return { ...made, atMs: now };
}

/** Each telling is a write of status: figures that say nothing new are told this often, whatever the interval. */
const toldEveryMs = 5_000;

/** What status is to say of a judgement: the one before, as long as that has the same verdict on this step and is not old. */
export function toldJudgement(made: Judgement | undefined, { progress }: Position): Judgement | undefined {
  const { judgement: before, stepStartedMs } = progress;
  if (made === undefined || before === undefined || made.verdict !== before.verdict) return made;
  const isOfThisStep = before.atMs >= stepStartedMs;
  return isOfThisStep && made.atMs - before.atMs < toldEveryMs ? before : made;
}

/** What it is judged by; a step may want more requests, or fewer. */
function criteria({ spec }: Snapshot, { step }: Position): Pick<Question, "analysis" | "minimumRequests"> {
  const { analysis = {} } = spec.rollout ?? {};
  const { minimumRequests = assumedAnalysis.minimumRequests } = analysis;
  const own = step?.kind === "analyze" ? step.minimumRequests : undefined;
  return { analysis, minimumRequests: own ?? minimumRequests };
}

/** When the candidate is judged next; undefined: it is not. */
export function judgementDueMs({ spec, rollout }: Snapshot, here: Position): number | undefined {
  const { step, progress } = here;
  const { weight = 0 } = rollout.candidate ?? {};
  const isAnalysis = step?.kind === "analyze";
  if (!isAnalysis && (weight === 0 || weight === 100)) return undefined;
  const lastMs = Math.max(progress.judgement?.atMs ?? 0, progress.stepStartedMs);
  const nextMs = lastMs + intervalMs(spec);
  if (!isAnalysis) return nextMs;
  const endMs = progress.stepStartedMs + step.durationMs;
  return lastMs < endMs ? Math.min(nextMs, endMs) : nextMs;
}

/** The step's own judgement, once it has lasted as long as it should. */
export function isPassed({ judgement }: { readonly judgement: Judgement | undefined }, here: Position): boolean {
  if (here.step?.kind !== "analyze" || judgement?.verdict !== "Pass") return false;
  return judgement.atMs >= here.progress.stepStartedMs + here.step.durationMs;
}

function windows({ revisions }: Evidence, candidate: string, stable: string): Windows {
  return { candidate: revisions[candidate] ?? noRequests, stable: revisions[stable] ?? noRequests };
}
