import type { RolloutState, Snapshot } from "../../snapshot.ts";
import type { Command } from "./memory/progress.ts";
import { returning } from "../replicas/allotment.ts";
import { ineffective } from "./commands.ts";
import { declaredCount, readyCount, shifted, type Turn } from "./moves.ts";
import { retryState } from "./stage.ts";

/** The wanted revision has failed: the stable one serves, and nothing is tried again. */
export function refused(snapshot: Snapshot, commands: readonly Command[] = []): Turn {
  const { rollout, wanted } = snapshot;
  const { stable, capacity, answered, failed } = rollout;
  const effective = retryState(snapshot) === "Waits" ? [...commands, "retry" as const] : commands;
  const said = ineffective(snapshot, effective, `revision ${wanted.hash} was rolled back`);
  const kept = keeping(snapshot);
  if (kept !== undefined) return { ...kept, moves: said };
  const pods = { stable: returning(snapshot), why: "the candidate was given up" };
  const state: RolloutState = { stable: stable && { ...stable, weight: 100 }, capacity, answered, failed };
  const why = `revision ${wanted.hash} was rolled back`;
  return { state, moves: [...said, ...shifted(snapshot, state, why)], counts: { ...pods, candidate: 0 } };
}

/** The candidate of before keeps what it has while it is all that serves; undefined: the stable revision can have its place back. */
export function keeping(snapshot: Snapshot): Omit<Turn, "moves"> | undefined {
  const { rollout } = snapshot;
  const { candidate } = rollout;
  if (candidate === undefined || canReturn(snapshot)) return undefined;
  const kept = declaredCount(snapshot, candidate.revision);
  const why = `revision ${candidate.revision} keeps its requests until the stable revision has a ready pod`;
  return {
    state: rollout,
    counts: { stable: returning(snapshot), candidate: kept, why: "the candidate was given up" },
    waits: { reason: "RolloutInProgress", why },
  };
}

/** A candidate that is all that serves is better than nothing, unless its pods have to go for the stable ones to come. */
function canReturn(snapshot: Snapshot): boolean {
  const { stable, candidate, capacity } = snapshot.rollout;
  const isServed = (candidate?.weight ?? 0) > 0 && readyCount(snapshot, candidate?.revision) > 0;
  const isTight = capacity !== undefined && capacity.mode !== "Surge";
  return !isServed || isTight || readyCount(snapshot, stable?.revision) > 0;
}
