import type { Allowance } from "./allowance.ts";
import type { CountsQuestion, PodCounts } from "./question.ts";
import { carriedWeight, carriers, stepPods } from "./shares.ts";

/** Pods of both revisions and the weight that the candidate may have. */
export interface Counted {
  readonly stable: number;
  readonly candidate: number;
  readonly carries: number;
  /** What the next move waits for beside pods and weights, a sentence. */
  readonly waits?: string | undefined;
}

/** What bounds a move. */
interface Bounds {
  readonly question: CountsQuestion;
  /** Most pods of both revisions. */
  readonly total: number;
  /** Fewest pods that are to be ready; as many are taken to carry all the load. */
  readonly least: number;
  /** Pods of the candidate in the end of this step. */
  readonly goal: number;
}

/**
 * Both revisions beside each other. The candidate gets what the step needs as far as there is room; the stable revision
 * keeps everything else, so that an abort finds its pods still there. Where there is less room than the step needs the
 * weight rises with each pod that is ready, and what then carries less than its share of the load makes room.
 */
export function rolled(question: CountsQuestion, { surge, unavailable }: Allowance): Counted {
  const { wanted, strategy, stepWeight, others = 0 } = question;
  const total = wanted + surge;
  const least = Math.max(1, wanted - unavailable);
  // Both sides rounded up can be one pod more than there is room for: then the candidate has one less in this step.
  const beside = Math.max(1, total - carriers(100 - stepWeight, least));
  const goal = strategy === "BlueGreen" ? stepPods(question) : Math.min(stepPods(question), beside);
  const bounds = { question, total, least, goal };
  const kept = keptCandidate(bounds);
  const stable = stableCount(bounds, kept);
  const room =
    total - others - Math.max(stable, existing(question.stable), floor(bounds, kept, weights(question).stable));
  return {
    stable,
    candidate: Math.max(kept, Math.min(goal, room)),
    carries: risingWeight(bounds),
    waits: loadReason(bounds, stable),
  };
}

/** The way back: the stable revision gets every pod that there is room for, the candidate's go with its weight. */
export function returned(question: CountsQuestion, { surge }: Allowance): Counted {
  const { wanted, stable, candidate, others = 0 } = question;
  const room = wanted + surge - others - existing(candidate);
  return {
    stable: Math.min(wanted, Math.max(stable.replicas, room)),
    candidate: weights(question).candidate > 0 ? candidate.replicas : 0,
    carries: 0,
  };
}

/** The largest weights that some gateway may still give. */
function weights({ stableWeight, candidateWeight }: CountsQuestion): {
  readonly stable: number;
  readonly candidate: number;
} {
  return { stable: stableWeight, candidate: candidateWeight ?? 100 - stableWeight };
}

function existing({ replicas, live }: PodCounts): number {
  return Math.max(replicas, live);
}

/** Pods that the candidate keeps: more than its goal only while a weight needs them, fewer where the stable revision lacks them more. */
function keptCandidate({ question, total, least, goal }: Bounds): number {
  const { candidate } = question;
  const { stable: stableWeight, candidate: candidateWeight } = weights(question);
  const allowed = Math.min(candidate.replicas, Math.max(goal, carriers(candidateWeight, least)));
  const spare = total - carriers(stableWeight, least);
  // Before gateways have said what they do the stable revision may have everything: pods that start are not for that to go.
  if (question.isUntold === true) return allowed;
  const carrying = carriers(question.candidateShare ?? 0, least);
  return Math.min(allowed, Math.max(spare, isStableCrowdedOut(question, least) ? 0 : candidate.ready, 1, carrying));
}

/**
 * Whether pods that the stable revision's weight needs find no room. Ready pods of the candidate have taken it, when both
 * revisions came back at once or somebody scaled one by hand: a candidate without weight would keep it until it is promoted.
 */
function isStableCrowdedOut({ stable, stableWeight }: CountsQuestion, least: number): boolean {
  const fewest = carriers(stableWeight, least);
  const findsNoRoom = stable.refused !== undefined || stable.unschedulable !== undefined || stable.replicas < fewest;
  return findsNoRoom && stable.ready < fewest;
}

function stableCount(bounds: Bounds, kept: number): number {
  const { question, total, goal } = bounds;
  const { wanted, stable, candidate, others = 0 } = question;
  const beside = Math.min(wanted, total - goal);
  const target = Math.max(floor(bounds, kept, weights(question).stable), beside);
  if (target <= stable.replicas) return target;
  // Before gateways have said what they do they may give it more than it is declared to have: nothing is made for that.
  const needed =
    question.isUntold === true ? Math.max(floor(bounds, kept, 100 - (question.candidateShare ?? 0)), beside) : target;
  const room = total - others - Math.max(kept, existing(candidate));
  return Math.max(stable.replicas, Math.min(needed, room));
}

/** Fewest stable pods: as many as carry a weight, and as many as ready pods would else be missing. */
function floor({ question, least }: Bounds, kept: number, stableWeight: number): number {
  const { wanted, required = 0, candidate } = question;
  const ready = Math.min(candidate.ready, kept);
  const carrying = carriers(stableWeight, least);
  return Math.min(wanted, Math.max(carrying, least - ready, Math.min(required, wanted) - ready));
}

/**
 * The weight that the candidate's ready pods carry. A step that there is room for is made as a whole; otherwise the
 * candidate has its share of the pods that stay when others have made room: weight goes before pods do.
 */
function risingWeight({ question, total, least, goal }: Bounds): number {
  const { candidate, stepWeight } = question;
  const present = weights(question);
  const carried = carriedWeight(candidate.ready, least);
  if (candidate.ready >= goal) return Math.max(carried, stepWeight);
  const unavoidable = Math.max(carriers(present.stable, least), least - candidate.ready);
  const isWithinReach = total - unavoidable >= goal;
  // What some gateway may give, for all that is known, is no weight that was meant for it.
  return isWithinReach ? Math.min(carried, question.candidateShare ?? present.candidate) : carried;
}

function loadReason({ question, least, total, goal }: Bounds, stable: number): string | undefined {
  const { required = 0, candidate, wanted } = question;
  const missesNone = stable <= Math.max(least - candidate.ready, Math.min(wanted, total - goal));
  if (missesNone || required <= least) return undefined;
  if (stable + candidate.ready > Math.min(required, wanted)) return undefined;
  return `the load needs ${Math.min(required, wanted)} pods: no stable pod makes room before it needs fewer`;
}
