import { modelName, type Share, type Snapshot } from "../../snapshot.ts";
import type { Judgement } from "./memory/progress.ts";
import type { Counts } from "../capacity/question.ts";
import { allotment } from "../replicas/allotment.ts";
import { judgement } from "./judgement.ts";
import { readyCount } from "./moves.ts";
import { type Position, position } from "./steps/position.ts";

/** All that the next turn of a candidate is decided by. */
export interface Situation {
  readonly snapshot: Snapshot;
  readonly here: Position;
  readonly counts: Counts;
  readonly stable: Share;
  /** The candidate's present share of the requests, in percent. */
  readonly weight: number;
  /** Pods that serve. */
  readonly ready: number;
  readonly stableReady: number;
  /** The last one, or a new one where one is due. */
  readonly judgement: Judgement | undefined;
}

/** The situation of the wanted revision beside a stable one. */
export function situation(snapshot: Snapshot, stable: Share): Situation {
  const here = position(snapshot);
  const { candidate } = snapshot.rollout;
  return {
    snapshot,
    here,
    counts: allotment(snapshot, here),
    stable,
    weight: candidate?.revision === snapshot.wanted.hash ? candidate.weight : 0,
    ready: readyCount(snapshot, snapshot.wanted.hash),
    stableReady: readyCount(snapshot, stable.revision),
    judgement: judgement(snapshot, here),
  };
}

/** Only one revision at a time has pods: requests wait at the gateways while they change. */
export function isOneAtATime({ counts: { mode } }: Situation): boolean {
  return mode === "Recreate" || mode === "InPlace";
}

/** No request fits both revisions: their models are called differently. */
export function isRenamed({ snapshot, stable }: Situation): boolean {
  return modelName(snapshot, stable.revision) !== snapshot.wanted.model;
}
