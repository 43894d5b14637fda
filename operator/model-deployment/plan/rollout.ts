import { type RolloutState, type Share, type Snapshot, readyPods, revisionOf } from "../snapshot.ts";
import type { Action } from "./action.ts";
import { revisionVersion } from "./revisions.ts";
import { laggingGateways, split } from "./traffic.ts";

/**
 * Where a rollout stands. `Idle`: no pods are wanted. `First`: nothing serves that would have to be spared. `Settled`:
 * the stable revision is the wanted one. `Replacing`: a candidate is to take over from a stable revision.
 */
export type Stage = "Idle" | "First" | "Settled" | "Replacing";

/** One step of a strategy: the candidate's weight in percent. Pauses and analyses are to become further members. */
export interface Step {
  readonly weight: number;
}

/** The strategy "replace when ready": everything at once, as soon as the candidate could carry everything. */
const replaceWhenReady: readonly Step[] = [{ weight: 100 }];

/** The rollout's next state and the moves that lead to it. */
export interface Turn {
  readonly state: RolloutState;
  readonly moves: readonly Action[];
}

/** Names the stage. */
export function stage(snapshot: Snapshot): Stage {
  const { wanted, rollout } = snapshot;
  if (wanted.replicas === 0) return "Idle";
  if (rollout.stable?.revision === wanted.hash) return "Settled";
  const { weight = 0, revision } = rollout.stable ?? {};
  const stable = revisionOf(snapshot, revision);
  // Requests keep a revision, whatever somebody made of its ReplicaSet.
  return stable !== undefined && (weight > 0 || stable.replicaSet.replicas > 0) ? "Replacing" : "First";
}

/** Moves the rollout by at most one step. Weights only go to what can carry them; see `laggingGateways` for the rest. */
export function turn(snapshot: Snapshot): Turn {
  const turns: Readonly<Record<Stage, (snapshot: Snapshot) => Turn>> = {
    Idle: idle,
    First: first,
    Settled: settled,
    Replacing: replacing,
  };
  return turns[stage(snapshot)](snapshot);
}

/** Pods that the candidate needs before it may have this weight. */
export function need(snapshot: Snapshot, weight: number): number {
  return Math.ceil((snapshot.wanted.replicas * weight) / 100);
}

/** The next step of the strategy: the first that gives the candidate more than it has. */
export function nextStep(weight: number): Step | undefined {
  return replaceWhenReady.find((step) => step.weight > weight);
}

function idle(snapshot: Snapshot): Turn {
  const { stable } = snapshot.rollout;
  const isStable = stable?.revision === snapshot.wanted.hash;
  const state = {
    ...(stable === undefined ? {} : { stable: { ...stable, weight: 0 } }),
    ...(isStable ? {} : { candidate: wantedShare(snapshot, 0) }),
  };
  const why = snapshot.spec.suspend === true ? "spec.suspend is true" : "spec.replicas is 0";
  return { state, moves: shifted(snapshot, state, `${why}: nothing is to serve`) };
}

function first(snapshot: Snapshot): Turn {
  const share = wantedShare(snapshot, 100);
  const known = snapshot.rollout.candidate;
  const state = { candidate: share };
  const ready = readyPods(revisionOf(snapshot, share.revision)).length;
  const serves = known?.revision === share.revision && known.weight === 100 && ready >= snapshot.wanted.replicas;
  if (serves && isAcknowledged(snapshot)) {
    return promoted(
      share,
      `${podCount(ready, snapshot.wanted.replicas)} ready and every gateway sends it all requests`,
    );
  }
  return { state, moves: shifted(snapshot, state, "nothing else serves: requests wait until it is ready") };
}

function settled(snapshot: Snapshot): Turn {
  const stable = wantedShare(snapshot, 100);
  const { candidate } = snapshot.rollout;
  const why =
    candidate === undefined
      ? "it is what the spec asks for"
      : `the spec asks for it again, not for ${candidate.revision} any more`;
  return { state: { stable }, moves: shifted(snapshot, { stable }, why) };
}

function replacing(snapshot: Snapshot): Turn {
  const { candidate: known } = snapshot.rollout;
  const { hash, replicas } = snapshot.wanted;
  if (known !== undefined && known.revision !== hash) {
    return between(snapshot, 0, `the spec changed again: ${hash} takes the place of ${known.revision}`);
  }
  const weight = known?.weight ?? 0;
  const ready = readyPods(revisionOf(snapshot, hash)).length;
  if (weight > 0 && ready === 0) return withoutPods(snapshot, weight);
  const step = nextStep(weight);
  if (step === undefined) {
    if (!isAcknowledged(snapshot)) return between(snapshot, weight, "it is on its way");
    return promoted(wantedShare(snapshot, 100), "every gateway sends it all requests");
  }
  if (ready < need(snapshot, step.weight)) return between(snapshot, weight, `candidate ${hash} is not ready yet`);
  return between(snapshot, step.weight, `${podCount(ready, replicas)} of candidate ${hash} ready`);
}

/** The candidate has traffic and no pod for it: back to the stable revision, if that one can carry it. */
function withoutPods(snapshot: Snapshot, weight: number): Turn {
  const canReturn = readyPods(revisionOf(snapshot, snapshot.rollout.stable?.revision)).length > 0;
  return between(snapshot, canReturn ? 0 : weight, `candidate ${snapshot.wanted.hash} lost all its pods`);
}

/** The split of a rollout under way: the candidate's weight, the rest to the stable revision. */
function between(snapshot: Snapshot, weight: number, why: string): Turn {
  const { stable } = snapshot.rollout;
  const state = { stable: stable && { ...stable, weight: 100 - weight }, candidate: wantedShare(snapshot, weight) };
  return { state, moves: shifted(snapshot, state, why) };
}

function promoted(stable: Share, why: string): Turn {
  return {
    state: { stable },
    moves: [{ kind: "promote", target: `revision ${stable.revision} (version ${stable.version})`, why }],
  };
}

/** The move to a new split; none when status already says it. */
function shifted(snapshot: Snapshot, state: RolloutState, why: string): readonly Action[] {
  const next = split(state);
  if (next === split(snapshot.rollout)) return [];
  return [{ kind: "shift", target: next === "" ? "traffic" : `traffic ${next}`, split: next, why }];
}

function wantedShare(snapshot: Snapshot, weight: number): Share {
  const { hash } = snapshot.wanted;
  return { revision: hash, version: revisionVersion(snapshot, hash), weight };
}

function isAcknowledged(snapshot: Snapshot): boolean {
  return snapshot.gateways.length > 0 && laggingGateways(snapshot, snapshot.rollout).length === 0;
}

function podCount(ready: number, wanted: number): string {
  return `${ready} of ${wanted} ${wanted === 1 ? "pod" : "pods"}`;
}
