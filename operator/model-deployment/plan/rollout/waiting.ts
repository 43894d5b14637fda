import { annotations } from "../../resources/labels.ts";
import type { Hold } from "../action.ts";
import { absence } from "./absence.ts";
import { untilDeadlineMs } from "./failure.ts";
import { judgementDueMs } from "./judgement.ts";
import { momentText } from "./memory/moment.ts";
import { deadlineMs, spelledDuration, stepName } from "./steps/strategy.ts";
import { isOneAtATime, type Situation } from "./situation.ts";

/** What a step waits for when its pods are ready and its weight is everywhere. */
export function waits(now: Situation): Hold | undefined {
  const { standsInFor, step } = now.here;
  return standsInFor === undefined || step === undefined ? ownWait(now) : standInHold(now, standsInFor);
}

function ownWait(now: Situation): Hold | undefined {
  const { snapshot, here, counts, weight } = now;
  const { trial } = snapshot;
  if (here.isPaused) return { reason: "StepPaused", why: `the annotation ${annotations.pause} holds it where it is` };
  const held = stepHold(now);
  // Each operator tries it anew; a pause goes on all the same.
  if (held?.reason !== "StepPaused" && trial?.state === "Running" && weight === 0)
    return { reason: "Analyzing", why: trial.message };
  const isMakingRoom = isOneAtATime(now) && counts.candidate === 0;
  const why = counts.waits ?? (isMakingRoom ? counts.why : undefined);
  return held ?? (why === undefined ? undefined : { reason: "RolloutInProgress", why });
}

function standInHold({ snapshot, stable }: Situation, cause: string): Hold {
  const { hash } = snapshot.wanted;
  const why = `candidate ${hash} stands in for ${stable.revision} until that has a ready pod, ${spelledDuration(deadlineMs(snapshot.spec))} at most: ${cause}`;
  return { reason: "RolloutInProgress", why };
}

function stepHold({ snapshot, here: { step, progress }, judgement }: Situation): Hold | undefined {
  if (step === undefined || step.kind === "setWeight") return undefined;
  if (step.kind === "analyze") {
    const seen = judgement !== undefined && judgement.atMs >= progress.stepStartedMs ? judgement.message : undefined;
    return { reason: "Analyzing", why: seen ?? `${stepName(step)}: nothing is compared yet` };
  }
  if (step.durationMs === undefined) {
    const how = `modelwright promote ${snapshot.identity.name}, or the annotation ${annotations.promote}`;
    return { reason: "StepPaused", why: `it pauses until somebody promotes it: ${how}` };
  }
  const until = momentText(progress.stepStartedMs + step.durationMs).slice(0, 19);
  return { reason: "StepPaused", why: `it pauses until ${until}Z` };
}

/** What is due and yet does not happen waits for something else, a gateway or a pod: looking at once again would go on without end. */
const overdueMs = 1_000;

/** Nothing tells that the load needs fewer pods than it did. */
const loadRecheckMs = 10_000;

/** When to look again though nothing changes: the end of a pause, the next judgement, the deadline, a lighter load. */
export function recheckAfterMs(now: Situation): number | undefined {
  const { snapshot, here, counts } = now;
  const { step, progress } = here;
  const pauseEndMs =
    step?.kind === "pause" && step.durationMs !== undefined ? progress.stepStartedMs + step.durationMs : undefined;
  const dueMs = judgementDueMs(snapshot, here);
  const delays = [
    pauseEndMs === undefined || here.isPaused ? undefined : pauseEndMs - snapshot.now,
    dueMs === undefined ? undefined : dueMs - snapshot.now,
    untilDeadlineMs(now),
    here.standsInFor === undefined ? undefined : absence(snapshot)?.remainingMs,
    counts.recheckAfterMs,
    counts.waits === undefined ? undefined : loadRecheckMs,
  ]
    .filter((delay) => delay !== undefined)
    .map((delay) => (delay > 0 ? delay : overdueMs));
  return delays.length === 0 ? undefined : Math.min(...delays);
}
