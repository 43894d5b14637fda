import { misfit } from "./misfit.ts";
import type { Placement } from "./placement.ts";
import type { CapacityMode, CountsQuestion, PodCounts } from "./question.ts";
import { stepPods } from "./shares.ts";
import { shortage } from "./shortage.ts";

/** How the candidate gets room now. */
export interface Rung {
  readonly mode: CapacityMode;
  /** A sentence. */
  readonly why: string;
  readonly recheckAfterMs?: number | undefined;
}

/**
 * How long a candidate's pod waits for room before a stable pod gives way. A kubelet that restarts reports no devices
 * for about 6 seconds: the GPUs that it has all the same are not to cost a ready pod.
 */
export const roomGraceMs = 10_000;

const besides = "the candidate's pods come beside the stable ones";
const swaps = "each stable pod makes room for one of the candidate's";
const recreates = "the stable pod makes room, requests wait at the gateway until the candidate is ready";

/** Chooses the mode: what the spec names, and by itself the first of Surge, Swap and Recreate that can succeed. */
export function rung(question: CountsQuestion): Rung {
  const { strategy, capacity } = question;
  if (strategy === "Recreate") {
    return { mode: "Recreate", why: "spec.rollout.recreate: the stable pods end before the candidate's start" };
  }
  switch (capacity) {
    case "Surge":
      return { mode: "Surge", why: surgeReason(question) };
    case "Recreate":
      return {
        mode: "Recreate",
        why: `spec.rollout.capacity is Recreate: all stable pods make room, requests wait at the gateway`,
      };
    case "Swap":
      return declared(question, "spec.rollout.capacity is Swap");
    case "InPlace":
      return declared(question, "spec.rollout.capacity is InPlace, which is not implemented yet");
    case "Borrow":
    case "Share": {
      const climbed = ladder(question);
      if (question.mode === climbed.mode && question.modeWhy !== undefined) return climbed;
      return { ...climbed, why: `spec.rollout.capacity is ${capacity}, which is not implemented yet: ${climbed.why}` };
    }
    case "Auto":
      return ladder(question);
  }
}

function surgeReason({ candidate: { unschedulable, refused } }: CountsQuestion): string {
  const sentence = unschedulable?.message ?? refused;
  return sentence === undefined ? besides : `spec.rollout.capacity is Surge and there is no room: ${sentence}`;
}

/** A stable pod gives way at once, unless it is known that the candidate could not use what it leaves. */
function declared({ wanted, stable, candidate }: CountsQuestion, asked: string): Rung {
  const unfit =
    stable.placement &&
    candidate.placement &&
    misfit(stable.placement, candidate.placement, devices(candidate.placement));
  if (unfit !== undefined) return { mode: "Surge", why: `${asked}, but ${unfit}: ${besides}` };
  return { mode: givingWay(wanted), why: `${asked}: ${givingWayReason(wanted)}` };
}

function devices({ requests }: Placement): readonly string[] {
  return Object.keys(requests).filter((resource) => resource.includes("/"));
}

/** Why the candidate's pods could not have what the stable ones leave. */
function unfitness({ stable, candidate }: CountsQuestion, resources: readonly string[]): string | undefined {
  if (stable.placement === undefined || candidate.placement === undefined) {
    return "it is unknown what a stable pod would free";
  }
  return misfit(stable.placement, candidate.placement, resources);
}

function ladder(question: CountsQuestion): Rung {
  const { mode, modeWhy, wanted, stable } = question;
  if (mode === undefined || mode === "Surge") return climb(question);
  // A stable revision without pods has already given everything; with several pods none needs to.
  const kept = mode === "Recreate" && stable.replicas === 0 ? mode : givingWay(wanted);
  return { mode: kept, why: kept === mode && modeWhy !== undefined ? modeWhy : givingWayReason(wanted) };
}

function climb(question: CountsQuestion): Rung {
  const { wanted, stable, candidate } = question;
  // A candidate that has all pods of its step lacks only what somebody else has asked for.
  // What the stable pods do not get the candidate's may have taken: somebody had scaled them down for a moment.
  const lack =
    (candidate.ready < stepPods(question) ? lacking(candidate) : undefined) ??
    (candidate.live > 0 ? lacking(stable) : undefined);
  if (lack === undefined) return { mode: "Surge", why: besides };
  const why = `${givingWayReason(wanted)}, because there was no free capacity: ${lack.sentence}`;
  return obstacle(question, lack) ?? { mode: givingWay(wanted), why };
}

/** What the candidate's pods do not get. */
interface Lack {
  readonly sentence: string;
  readonly sinceMs: number | undefined;
}

function lacking({ unschedulable, refused, refusedSinceMs }: PodCounts): Lack | undefined {
  if (unschedulable !== undefined) return { sentence: unschedulable.message, sinceMs: unschedulable.sinceMs };
  return refused === undefined ? undefined : { sentence: refused, sinceMs: refusedSinceMs };
}

/** Why no stable pod gives way for now: a ready pod is not to end for nothing. */
function obstacle(question: CountsQuestion, { sentence, sinceMs }: Lack): Rung | undefined {
  const { candidate, stable, now } = question;
  const { resources } = shortage(sentence);
  if (resources.length === 0) {
    return { mode: "Surge", why: `${besides}; no stable pod could free what they wait for: ${sentence}` };
  }
  const waitMs = graceLeftMs(sinceMs, now);
  if (waitMs > 0) return { mode: "Surge", why: besides, recheckAfterMs: waitMs };
  if ((stable.terminating ?? 0) + (candidate.terminating ?? 0) > 0) {
    return { mode: "Surge", why: `${besides} once terminating pods have made room`, recheckAfterMs: roomGraceMs };
  }
  const unfit = unfitness(question, resources);
  return unfit === undefined ? undefined : { mode: "Surge", why: `there is no room, and ${unfit}: ${sentence}` };
}

/** A time yet to come is that of a clock that is wrong: far ahead it would be waited for in vain. */
function graceLeftMs(sinceMs: number | undefined, now: number): number {
  if (sinceMs === undefined) return 0;
  const leftMs = sinceMs + roomGraceMs - now;
  return leftMs > 2 * roomGraceMs ? 0 : leftMs;
}

/** With several pods the others serve meanwhile. */
function givingWay(wanted: number): CapacityMode {
  return wanted >= 2 ? "Swap" : "Recreate";
}

function givingWayReason(wanted: number): string {
  return wanted >= 2 ? swaps : recreates;
}
