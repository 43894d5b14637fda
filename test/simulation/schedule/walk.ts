import { badModel } from "../world/kubelet.ts";
import { type RandomSource, createRandom } from "./random.ts";
import { rolloutWalk } from "./rollout-walk.ts";
import type { Change, Schedule } from "./schedule.ts";
import { selectedWalks } from "./selected-walks.ts";

/** Number of walks without a rollout strategy. They come first, followed by as many rollout walks. */
export const plainWalks = 64;
/** Times within a gap between two changes at which a schedule may begin; the last is the end of the gap. */
export function checkpointTimesMs(gapMs: number): readonly [number, ...number[]] {
  return gapMs < 100 ? [gapMs] : [gapMs / 2, gapMs];
}

/** Number of different walks: each needs a reference run without faults. */
export const walkCount = 2 * plainWalks;

interface State {
  exists: boolean;
  model: number;
  isBad: boolean;
  replicas: number;
  isSuspended: boolean;
  hasForeign: boolean;
}

const name = "shop";

/** A sequence of user changes. */
export type Walk =
  /** Each change converges before the next one. */
  | { readonly isSequential: true; readonly changes: readonly Change[] }
  /** Changes overlap; `ends` has the final changes after each change. */
  | {
      readonly isSequential: false;
      readonly changes: readonly Change[];
      readonly ends: readonly (readonly Change[])[];
    };

/** The walk of a seed. Three of four are sequential, the fourth overlaps. */
export function userWalk(seed: number): Walk {
  const place = seed % walkCount;
  const number = selectedWalks[place] ?? place;
  return place < plainWalks ? plainWalk(number) : rolloutWalk(number);
}

/** All changes of a walk with its final changes, in phases that converge. */
export function wholePhases(walk: Walk): Schedule["phases"] {
  return walk.isSequential ? walk.changes.map((change) => [change]) : [[...walk.changes, ...(walk.ends.at(-1) ?? [])]];
}

/** Walk number `walk` without a rollout strategy. */
export function plainWalk(walk: number): Walk {
  const random = createRandom(walk * 7_919 + 13);
  const isSequential = walk % 4 !== 3;
  const state: State = { exists: false, model: 1, isBad: false, replicas: 1, isSuspended: false, hasForeign: false };
  const gapMs = (): number => (isSequential ? 0 : random.pick([0, 40, 400, 2_000, 6_000, 12_000]));
  const changes: Change[] = [];
  const ends: (readonly Change[])[] = [];
  const add = (act: Change["act"]): void => {
    changes.push({ gapMs: gapMs(), name, act });
    // An overlapping walk ends with a good model: how far the previous revision came varies.
    ends.push((state.exists ? finalActs(state) : []).map((one) => ({ gapMs: gapMs(), name, act: one })));
  };
  if (walk % 16 === 6 || walk % 16 === 11) {
    state.hasForeign = true;
    add({ kind: "foreign-service", isThere: true });
  }
  const most = isSequential ? random.integer(3, 7) : random.integer(2, 5);
  for (let count = 0; count < most; count += 1) add(nextAct(state, random));
  return isSequential ? { isSequential, changes } : { isSequential, changes, ends };
}

function nextAct(state: State, random: RandomSource): Change["act"] {
  if (state.hasForeign && state.exists && random.bool(0.7)) {
    state.hasForeign = false;
    return { kind: "foreign-service", isThere: false };
  }
  if (!state.exists) {
    state.exists = true;
    state.isSuspended = false;
    state.replicas = random.integer(1, 3);
    return { kind: "create", model: modelOf(state), replicas: state.replicas };
  }
  switch (random.pick(["model", "model", "model", "replicas", "replicas", "suspend", "annotate", "delete"])) {
    case "model":
      state.isBad = !state.isBad && random.bool(0.35);
      state.model = random.integer(1, 3);
      return { kind: "model", model: modelOf(state) };
    case "replicas":
      state.replicas = random.integer(0, 3);
      return { kind: "replicas", replicas: state.replicas };
    case "suspend":
      state.isSuspended = !state.isSuspended;
      return { kind: "suspend", suspend: state.isSuspended };
    case "annotate":
      return { kind: "annotate" };
    default:
      state.exists = false;
      return { kind: "delete" };
  }
}

function finalActs({ isBad, isSuspended, replicas }: State): readonly Change["act"][] {
  return [
    ...(isBad ? [{ kind: "model", model: "good-4.h5" } as const] : []),
    ...(replicas === 0 ? [{ kind: "replicas", replicas: 2 } as const] : []),
    ...(isSuspended ? [{ kind: "suspend", suspend: false } as const] : []),
  ];
}

function modelOf({ model, isBad }: State): string {
  return `${isBad ? badModel : "good"}-${model}.h5`;
}
