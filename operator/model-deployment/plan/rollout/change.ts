import type { RolloutState } from "../../snapshot.ts";
import type { Command, FinishedAnalysis, Progress } from "./memory/progress.ts";
import type { Action } from "../action.ts";
import { idleReason, ineffective } from "./commands.ts";
import { toldJudgement } from "./judgement.ts";
import { shifted, type Turn, wantedShare } from "./moves.ts";
import type { Situation } from "./situation.ts";
import { hasFailed } from "./stage.ts";
import { type Position, weightAt } from "./steps/position.ts";
import { recheckAfterMs, waits } from "./waiting.ts";

/** What is to become of the candidate. */
export interface Change {
  /** Its share of the requests. */
  readonly weight: number;
  readonly why: string;
  readonly progress?: Partial<Progress>;
  /** Said before the move of the weight. */
  readonly action?: Action;
  /** The step analyze that ends with it. */
  readonly analysis?: FinishedAnalysis | undefined;
  /** Commands that this is the answer to. */
  readonly commands?: readonly Command[];
}

/** The turn that makes a change and keeps the rest. */
export function turnTo(now: Situation, { weight, why, progress, action, analysis, commands = [] }: Change): Turn {
  const { snapshot, counts, stable } = now;
  const here = positionAfter(now, weight, progress);
  const next: Situation = { ...now, weight, here, judgement: here.progress.judgement };
  const state: RolloutState = {
    ...snapshot.rollout,
    stable: { ...stable, weight: 100 - weight },
    candidate: wantedShare(snapshot, weight),
    progress: { ...next.here.progress, isPaused: isHeld(next.here) },
    capacity: { mode: counts.mode, why: counts.why },
    analyses:
      analysis === undefined ? snapshot.rollout.analyses : [...analysesOf(snapshot), analysis].slice(-maxAnalyses),
  };
  const effective: readonly Command[] = hasFailed(snapshot) ? ["retry", ...commands] : commands;
  const said = ineffective(snapshot, effective, idleReason(snapshot));
  return {
    state,
    moves: [...said, ...(action === undefined ? [] : [action]), ...shifted(snapshot, state, why)],
    counts,
    makesRoom: counts.mode !== "Surge" || counts.recheckAfterMs !== undefined,
    waits: waits(next),
    recheckAfterMs: recheckAfterMs(next),
  };
}

/** As many as the API keeps. */
const maxAnalyses = 8;

/** Those of the candidate before are forgotten with the first of its own. */
function analysesOf({ rollout: { analyses = [] }, wanted }: Situation["snapshot"]): readonly FinishedAnalysis[] {
  return analyses.filter(({ revision }) => revision === wanted.hash);
}

function positionAfter(now: Situation, weight: number, changes: Change["progress"]): Position {
  const { snapshot, here } = now;
  const judgement = toldJudgement(now.judgement, here);
  // Time that a pause took is none that the candidate took.
  const isFurther = weight > now.weight || (here.progress.isPaused && !isHeld(here));
  const progress = { ...here.progress, ...(isFurther ? { progressedMs: snapshot.now } : {}), judgement, ...changes };
  const { steps } = here.strategy;
  const weightThen = here.standsInFor === undefined ? weightAt(steps, progress.step) : 100;
  return { ...here, progress, step: steps[progress.step], weight: weightThen };
}

/** It waits for a user. */
function isHeld({ isPaused, step }: Position): boolean {
  return isPaused || (step?.kind === "pause" && step.durationMs === undefined);
}
