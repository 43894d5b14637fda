import { type RolloutState, type Snapshot, livePods, revisionOf } from "../../snapshot.ts";
import type { Action } from "../action.ts";
import { diagnosis, isLackOfRoom } from "../diagnosis.ts";
import { returning } from "../replicas/allotment.ts";
import { isAcknowledged } from "../traffic.ts";
import { answered, ineffective } from "./commands.ts";
import { podCount, promoted, readyCount, shifted, type Turn, wantedShare } from "./moves.ts";
import { keeping, refused } from "./refused.ts";
import { replacing } from "./replacing.ts";
import { hasFailed, retryState, type Stage, stage } from "./stage.ts";

const turns: Readonly<Record<Stage, (snapshot: Snapshot) => Turn>> = {
  Idle: idle,
  First: first,
  Settled: settled,
  Replacing: beside,
  Refused: refused,
};

/** Moves the rollout by at most one step, and notes which commands were met. */
export function turn(snapshot: Snapshot): Turn {
  const made = turns[stage(snapshot)](snapshot);
  const isRetried = retryState(snapshot) === "Due";
  return {
    ...made,
    state: { ...made.state, ...memory(snapshot, made.state, isRetried) },
    moves: isRetried ? [retried(snapshot), ...made.moves] : made.moves,
  };
}

function retried({ wanted }: Snapshot): Action {
  return { kind: "answer", target: "command retry", why: `revision ${wanted.hash} is tried again` };
}

/** What outlives a rollout, as far as there is anything to remember. */
function memory(snapshot: Snapshot, state: RolloutState, isRetried: boolean): Partial<RolloutState> {
  const forgotten = [state.stable?.revision, isRetried ? snapshot.wanted.hash : undefined];
  const failed = state.failed?.filter(({ revision }) => !forgotten.includes(revision));
  return {
    answered: answered(snapshot, retryState(snapshot) === "Waits" ? ["retry"] : []),
    failed: failed?.length === 0 ? undefined : failed,
    analyses: state.analyses ?? snapshot.rollout.analyses,
    capacity: isChanging(snapshot, state) ? state.capacity : undefined,
  };
}

/** There is a candidate beside the stable revision, or pods of one that is on its way out. */
function isChanging({ revisions }: Snapshot, { stable, candidate }: RolloutState): boolean {
  if (stable === undefined) return false;
  if (candidate !== undefined) return true;
  return revisions.some(
    (one) => one.hash !== stable.revision && (one.replicaSet.replicas > 0 || livePods(one).length > 0),
  );
}

function idle(snapshot: Snapshot): Turn {
  const { stable, candidate, progress, answered, failed } = snapshot.rollout;
  const isStable = stable?.revision === snapshot.wanted.hash;
  const state = {
    ...(stable === undefined ? {} : { stable: { ...stable, weight: 0 } }),
    ...(isStable || hasFailed(snapshot) ? {} : { candidate: wantedShare(snapshot, 0) }),
    ...(candidate?.revision === snapshot.wanted.hash && !isStable ? { progress } : {}),
    answered,
    failed,
  };
  return {
    state,
    moves: [
      ...ineffective(snapshot, [], "no pods are wanted"),
      ...shifted(snapshot, state, `${snapshot.wanted.why}: nothing is to serve`),
    ],
  };
}

function first(snapshot: Snapshot): Turn {
  const share = wantedShare(snapshot, 100);
  const { candidate: known, answered, failed } = snapshot.rollout;
  const said = ineffective(snapshot, [], "there is no stable revision yet");
  const ready = readyCount(snapshot, share.revision);
  const serves = known?.revision === share.revision && known.weight === 100 && ready >= snapshot.wanted.replicas;
  if (serves && isAcknowledged(snapshot)) {
    const why = `${podCount(ready, snapshot.wanted.replicas)} ready and every gateway sends it all requests`;
    return { state: { stable: share, answered, failed }, moves: [...said, promoted(share, why)] };
  }
  const state = { candidate: share, answered, failed };
  const why = "nothing else serves: requests wait until it is ready";
  return { state, moves: [...said, ...shifted(snapshot, state, why)] };
}

function settled(snapshot: Snapshot): Turn {
  const stable = wantedShare(snapshot, 100);
  const { candidate, capacity, answered, failed } = snapshot.rollout;
  const why =
    candidate === undefined
      ? "it is what the spec asks for"
      : `the spec asks for it again, not for ${candidate.revision} any more`;
  const said = ineffective(snapshot, [], "no rollout is under way");
  const fault = diagnosis(revisionOf(snapshot, stable.revision), snapshot.now);
  // What the stable pods wait for may be the room of the candidate's.
  const kept = fault !== undefined && isLackOfRoom(fault) ? undefined : keeping(snapshot);
  if (kept !== undefined) return { ...kept, moves: said };
  const state = { stable, capacity, answered, failed };
  return {
    state,
    moves: [...said, ...shifted(snapshot, state, why)],
    counts: { stable: returning(snapshot), candidate: 0, why: "the other revision's pods go first" },
  };
}

function beside(snapshot: Snapshot): Turn {
  const { stable } = snapshot.rollout;
  return stable === undefined ? first(snapshot) : replacing(snapshot, stable);
}
