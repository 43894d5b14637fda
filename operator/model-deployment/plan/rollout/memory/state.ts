import type { ModelDeploymentStatus } from "../../../../../crds/v1alpha1/model-deployment.ts";
import type { RolloutStatus } from "../../../../../crds/v1alpha1/rollout/rollout-status.ts";
import type { RolloutState, Share } from "../../../snapshot.ts";
import type { FailedRevision, FinishedAnalysis, Judgement, Progress } from "./progress.ts";
import { momentMs, momentText } from "./moment.ts";
import { stepName, type Strategy } from "../steps/strategy.ts";

/** What status says about the rollout. A time yet to come is that of a clock that was wrong: it is taken for `now`. */
export function rolloutState(status: ModelDeploymentStatus, now: number): RolloutState {
  const { rollout = {}, failedRevisions } = status;
  return {
    stable: share(status.stable),
    candidate: share(status.candidate),
    progress: status.candidate === undefined ? undefined : progress(status, rollout, now),
    capacity: capacity(status.capacity),
    answered: rollout.answered,
    analyses: rollout.analyses,
    failed: failedRevisions?.map(({ revision, reason = "", message = "" }) => ({ revision, reason, message })),
  };
}

function share(status: ModelDeploymentStatus["stable"]): Share | undefined {
  if (status === undefined) return undefined;
  return { revision: status.revision, version: status.version ?? "1", weight: status.weight ?? 0 };
}

function progress(status: ModelDeploymentStatus, rollout: RolloutStatus, now: number): Progress | undefined {
  const { startedAt, stepStartedAt = startedAt, progressedAt = startedAt, paused = false, analysis } = rollout;
  if (startedAt === undefined) return undefined;
  const past = (text = startedAt): number => Math.min(momentMs(text), now);
  return {
    step: status.step ?? 0,
    startedMs: past(startedAt),
    stepStartedMs: past(stepStartedAt),
    progressedMs: past(progressedAt),
    isPaused: paused,
    skipped: rollout.skipped,
    judgement: analysis && { ...analysis, atMs: past(analysis.judgedAt) },
  };
}

/** Modes that there are not yet are nothing to go on with. */
function capacity({ mode, why = "" }: NonNullable<ModelDeploymentStatus["capacity"]> = {}): RolloutState["capacity"] {
  return mode === undefined || mode === "Borrow" || mode === "Share" ? undefined : { mode, why };
}

/** The parts of status that keep a rollout. */
export function rolloutStatus(
  state: RolloutState,
  strategy: Strategy,
  isDeclared: boolean,
): Pick<ModelDeploymentStatus, "rollout" | "step" | "capacity" | "failedRevisions"> {
  const { progress, capacity, failed = [] } = state;
  const rollout = { ...wayStatus(state, strategy, isDeclared), ...memoryStatus(state) };
  return {
    ...(Object.keys(rollout).length === 0 ? {} : { rollout }),
    ...(progress === undefined ? {} : { step: progress.step }),
    ...(capacity === undefined ? {} : { capacity: { ...capacity, why: capacity.why.slice(0, longest.why) } }),
    ...(failed.length === 0 ? {} : { failedRevisions: failed.map(failedRevision) }),
  };
}

function wayStatus({ progress }: RolloutState, { name, steps }: Strategy, isDeclared: boolean): RolloutStatus {
  return {
    ...(isDeclared || progress !== undefined ? { strategy: name } : {}),
    ...(progress === undefined ? {} : progressStatus(progress, steps)),
  };
}

/** What outlives the rollout. */
function memoryStatus({ analyses = [], answered = {} }: RolloutState): RolloutStatus {
  return {
    ...(analyses.length === 0 ? {} : { analyses: analyses.map(finishedAnalysis) }),
    ...(Object.keys(answered).length === 0 ? {} : { answered }),
  };
}

/** Characters that the API keeps of each sentence: what schedulers, kubelets and runtimes say has no such end. */
const longest = { why: 1_024, judgement: 2_048, failure: 4_096, analysis: 512, step: 96 };

function finishedAnalysis({ message, step, ...one }: FinishedAnalysis): NonNullable<RolloutStatus["analyses"]>[number] {
  const told = message === undefined ? {} : { message: message.slice(0, longest.analysis) };
  return { ...one, step: step.slice(0, longest.step), ...told };
}

function failedRevision({ message, ...one }: FailedRevision): FailedRevision {
  return { ...one, message: message.slice(0, longest.failure) };
}

function progressStatus(progress: Progress, steps: Strategy["steps"]): RolloutStatus {
  const { step, startedMs, stepStartedMs, progressedMs, isPaused, skipped, judgement } = progress;
  const present = steps[step];
  return {
    steps: steps.length,
    ...(present === undefined ? {} : { stepName: stepName(present) }),
    startedAt: momentText(startedMs),
    stepStartedAt: momentText(stepStartedMs),
    progressedAt: momentText(progressedMs),
    ...(isPaused ? { paused: true } : {}),
    ...(skipped === undefined ? {} : { skipped: skipped.slice(0, longest.why) }),
    ...(judgement === undefined ? {} : { analysis: judgementStatus(judgement) }),
  };
}

function judgementStatus({ atMs, verdict, ...figures }: Judgement): NonNullable<RolloutStatus["analysis"]> {
  const { message, requests, stableRequests, divergence } = figures;
  return {
    verdict,
    ...(message === undefined ? {} : { message: message.slice(0, longest.judgement) }),
    ...(requests === undefined ? {} : { requests }),
    ...(stableRequests === undefined ? {} : { stableRequests }),
    ...(divergence === undefined ? {} : { divergence }),
    judgedAt: momentText(atMs),
  };
}
