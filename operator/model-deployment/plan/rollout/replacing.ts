import { modelName, revisionOf, type RolloutState, type Share, type Snapshot } from "../../snapshot.ts";
import type { Progress } from "./memory/progress.ts";
import type { Action } from "../action.ts";
import { absence, lastingFault } from "./absence.ts";
import { isAcknowledged, shares } from "../traffic.ts";
import { type Change, turnTo } from "./change.ts";
import { idleReason, ineffective, isPromoted } from "./commands.ts";
import { failure, remembered } from "./failure.ts";
import { isPassed } from "./judgement.ts";
import { declaredCount, podCount, promoted, readyCount, type Turn, wantedShare } from "./moves.ts";
import { isIdle, progressText, weightAt } from "./steps/position.ts";
import { keeping, refused } from "./refused.ts";
import { isOneAtATime, isRenamed, type Situation, situation } from "./situation.ts";

type Rule = (situation: Situation) => Turn | undefined;

/** What may happen to a candidate, in order: the first that applies is all that happens in one turn. */
const rules: readonly Rule[] = [superseding, rolledBack, skipping, passedOn, withoutPods, weighed, completed];

/** Moves a candidate by at most one step. Weights only go to what can carry them; see `laggingGateways` for the rest. */
export function replacing(snapshot: Snapshot, stable: Share): Turn {
  const here = situation(snapshot, stable);
  const made = rules.map((rule) => rule(here)).find((turn) => turn !== undefined);
  return made ?? resting(here);
}

/** The spec changed again. Requests of the candidate of before go back, unless nothing is there to take them. */
function superseding(now: Situation): Turn | undefined {
  const { snapshot } = now;
  const { hash } = snapshot.wanted;
  const { candidate: before } = snapshot.rollout;
  if (before === undefined || before.revision === hash) return undefined;
  const why = `the spec changed again: ${hash} takes the place of ${before.revision}`;
  return serving(now, before, why) ?? turnTo(now, { weight: 0, why });
}

/** What becomes of a candidate that is not wanted any more while it is all that serves. */
function serving(now: Situation, before: Share, why: string): Turn | undefined {
  const { snapshot, stable } = now;
  if (!isAllThatServes(now, before)) return undefined;
  const gone = absence(snapshot);
  // What the stable pods wait for may be the room of the candidate's.
  if (before.weight < 100 && gone === undefined) return undefined;
  const kept = hasTakenOver(now, before) ? undefined : keeping(snapshot);
  // Nobody has seen it to its end: it keeps its requests and no more, as long as the stable revision may be back.
  if (kept !== undefined && gone !== undefined && gone.remainingMs > 0) {
    const { remainingMs: recheckAfterMs } = gone;
    return { ...kept, recheckAfterMs, moves: ineffective(snapshot, [], idleReason(snapshot)) };
  }
  if (before.weight < 100 && kept === undefined && gone?.fault === undefined) return undefined;
  const state: RolloutState = {
    ...snapshot.rollout,
    stable: { ...before, weight: 100 },
    candidate: wantedShare(snapshot, 0),
    progress: undefined,
  };
  // What room there is beside a new stable revision the next pass counts.
  const counts = {
    stable: declaredCount(snapshot, before.revision),
    candidate: declaredCount(snapshot, snapshot.wanted.hash),
    why,
  };
  return { state, moves: [promoted(before, `${stable.revision} has no ready pod, and ${why}`)], counts };
}

function isAllThatServes({ snapshot, stableReady }: Situation, { revision, weight }: Share): boolean {
  return stableReady === 0 && weight > 0 && readyCount(snapshot, revision) > 0;
}

/** It was on its last way: all of its steps are behind it, or the stable revision has given its pods up for it. */
function hasTakenOver({ snapshot, here, stable }: Situation, { weight }: Share): boolean {
  const isThrough = (snapshot.rollout.progress?.step ?? 0) >= here.strategy.steps.length;
  const isEmpty = revisionOf(snapshot, stable.revision)?.replicaSet.replicas === 0;
  return weight === 100 && (isThrough || isEmpty);
}

/** The candidate is given up: status remembers that, and the stable revision takes its place back. */
function rolledBack(now: Situation): Turn | undefined {
  const { snapshot } = now;
  const found = failure(now);
  if (found === undefined) return undefined;
  const { version } = wantedShare(snapshot, 0);
  const state: RolloutState = { ...snapshot.rollout, failed: remembered(snapshot, found) };
  const { reason, message } = found;
  const action: Action = {
    kind: "rollBack",
    target: `revision ${found.revision} (version ${version})`,
    reason,
    why: message,
  };
  const back = refused({ ...snapshot, rollout: state }, reason === "Aborted" ? ["abort"] : []);
  return { ...back, moves: [action, ...back.moves] };
}

/** The steps are for nothing when the candidate is to have everything, or nothing else can serve. */
function skipping(now: Situation): Turn | undefined {
  const { snapshot, here, weight } = now;
  if (here.step === undefined || here.progress.skipped !== undefined) return undefined;
  const isAsked = isPromoted(snapshot, "promoteFull");
  const skipped = isAsked ? "a command wants it promoted" : stepsWithoutUse(now);
  if (skipped === undefined) return undefined;
  const why = `steps are skipped because ${skipped}`;
  const progress = { ...entered(now, here.strategy.steps.length), skipped };
  const action = stepTo(now, progress.step, why);
  return turnTo(now, { weight, why, progress, action, commands: isAsked ? ["promoteFull"] : [] });
}

/** Why no step can be kept. */
function stepsWithoutUse(now: Situation): string | undefined {
  const { snapshot, stable, counts } = now;
  if (isOneAtATime(now)) return counts.why;
  if (isRenamed(now)) {
    const before = modelName(snapshot, stable.revision);
    return `no request fits both: the model is called ${snapshot.wanted.model}, no longer ${before}`;
  }
  const gone = absence(snapshot);
  const fault = lastingFault(gone);
  if (fault === undefined || (gone?.remainingMs ?? 0) > 0) return undefined;
  return `the stable revision has no ready pod: ${fault.message}`;
}

/** A command ends a pause, or an analysis that takes too long. */
function passedOn(now: Situation): Turn | undefined {
  const { snapshot, here } = now;
  if (here.step === undefined || here.step.kind === "setWeight" || !isPromoted(snapshot, "promote")) return undefined;
  return further(now, "a command wants it to go on", ["promote"]);
}

/** The candidate has traffic and no pod for it: back to the stable revision, if that one can carry it. */
function withoutPods(now: Situation): Turn | undefined {
  const { snapshot, weight, ready, stableReady } = now;
  if (weight === 0 || ready > 0 || stableReady === 0) return undefined;
  const why = `candidate ${snapshot.wanted.hash} lost all its pods`;
  return turnTo(now, { weight: 0, why, progress: { progressedMs: snapshot.now } });
}

/** Up as far as ready pods carry it, down at once. */
function weighed(now: Situation): Turn | undefined {
  const { snapshot, here, counts, weight, ready } = now;
  const { hash } = snapshot.wanted;
  const { strategy, progress } = here;
  const most = here.isPaused
    ? Math.min(here.weight, Math.max(weight, weightAt(strategy.steps, progress.step - 1)))
    : here.weight;
  if (most < weight)
    return turnTo(now, {
      weight: most,
      why: `${progressText(strategy.steps, progress) ?? "the spec"} gives ${hash} less`,
    });
  const next = Math.min(most, ready === 0 ? 0 : carried(now));
  if (next <= weight || (weight === 0 && isOnTrial(snapshot))) return undefined;
  const reason = here.standsInFor === undefined ? "" : `, and the stable revision has none: ${here.standsInFor}`;
  return turnTo(now, { weight: next, why: `${podCount(ready, counts.candidate)} of candidate ${hash} ready${reason}` });
}

/** The share that the ready pods carry; of requests that only they know, all or none. */
function carried(now: Situation): number {
  const { counts, ready } = now;
  if (!isRenamed(now)) return counts.carries;
  return ready >= counts.candidate ? 100 : 0;
}

/** Nothing is sent to a candidate before it has passed what is asked of it. */
function isOnTrial({ trial }: Snapshot): boolean {
  return trial !== undefined && trial.state !== "Passed";
}

/** The step has what it is there for: on to the next, or the candidate is the stable revision. */
function completed(now: Situation): Turn | undefined {
  const { snapshot, here, weight } = now;
  const isDeclared = snapshot.rollout.candidate !== undefined;
  if (here.isPaused || !isDeclared || weight !== here.weight || !isAcknowledged(snapshot)) return undefined;
  const { step } = here;
  if (step === undefined) return taken(now);
  // Of a stable revision that is away nothing can be learned.
  if (here.standsInFor !== undefined) return undefined;
  const why = completion(now, step);
  return why === undefined ? undefined : further(now, why);
}

function taken({ snapshot, counts }: Situation): Turn {
  const stable = wantedShare(snapshot, 100);
  const { answered, failed, capacity } = snapshot.rollout;
  return {
    state: { stable, capacity, answered, failed },
    moves: [promoted(stable, "every gateway sends it all requests")],
    counts: { ...counts, stable: revisionOf(snapshot, stable.revision)?.replicaSet.replicas ?? counts.candidate },
  };
}

/** Why a step is done; undefined while it is not. */
function completion(now: Situation, step: NonNullable<Situation["here"]["step"]>): string | undefined {
  const { snapshot, here, counts, ready } = now;
  if (step.kind === "analyze") return isPassed(now, here) ? (now.judgement?.message ?? "it passed") : undefined;
  if (step.kind === "setWeight") {
    // Where others' pods still take the room it is to have none yet.
    if (ready < Math.max(1, counts.candidate)) return undefined;
    return step.weight === 0
      ? `${podCount(ready, counts.candidate)} ready`
      : `every gateway sends it ${step.weight} % of the requests`;
  }
  const isOver = step.durationMs !== undefined && snapshot.now >= here.progress.stepStartedMs + step.durationMs;
  return isOver ? "the pause is over" : undefined;
}

function further(now: Situation, why: string, commands: Change["commands"] = []): Turn {
  const progress = entered(now, now.here.progress.step + 1);
  const action = stepTo(now, progress.step, why);
  return turnTo(now, { weight: now.weight, why, progress, action, analysis: finishedAnalysis(now), commands });
}

/** What status keeps of the present step where that is an analysis: events go after an hour. */
function finishedAnalysis({ snapshot, here, judgement }: Situation): Change["analysis"] {
  if (here.step?.kind !== "analyze") return undefined;
  const { steps } = here.strategy;
  const isOfThisStep = judgement !== undefined && judgement.atMs >= here.progress.stepStartedMs;
  return {
    revision: snapshot.wanted.hash,
    step: progressText(steps, here.progress) ?? "",
    verdict: isOfThisStep && judgement.verdict === "Pass" ? "Pass" : "None",
    ...(isOfThisStep ? { message: judgement.message } : {}),
  };
}

function entered(
  { snapshot: { now } }: Situation,
  step: number,
): Pick<Progress, "step" | "stepStartedMs" | "progressedMs"> {
  return { step, stepStartedMs: now, progressedMs: now };
}

/** What the rollout goes on to. */
function stepTo({ snapshot, here }: Situation, index: number, why: string): Action {
  const { revision, version } = wantedShare(snapshot, 0);
  const next = progressText(here.strategy.steps, { ...here.progress, step: index }) ?? "the end";
  return { kind: "step", target: `revision ${revision} (version ${version}): ${next}`, why };
}

/** Nothing to do but to wait. */
function resting(now: Situation): Turn {
  const { snapshot, weight } = now;
  const isNewcomer = shares(snapshot.rollout).length < 2;
  const waiting = isNewcomer ? `candidate ${snapshot.wanted.hash} is not ready yet` : "it is on its way";
  const why = isIdle(snapshot) ? "pods are wanted again: the stable revision serves first" : waiting;
  return turnTo(now, { weight, why });
}
