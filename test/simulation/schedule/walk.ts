import { badModel } from "../world/kubelet.ts";
import { type Chance, createChance, seededRandom } from "./random.ts";
import { rolloutWalk } from "./rollout-walk.ts";
import type { Change, Schedule } from "./schedule.ts";
import { tellingWalks } from "./telling-walks.ts";

/** Walks without a rollout's strategy come first, then as many with one. */
export const plainWalks = 64;
/** Times within a gap between two changes at which a schedule may begin; the last is that of the change. */
export function standsMs(gapMs: number): readonly [number, ...number[]] {
  return gapMs < 100 ? [gapMs] : [gapMs / 2, gapMs];
}

/** How many different walks there are: each needs a run without faults to compare with. */
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

/** What a user does. */
export type Walk =
  /** They look at how things come to rest before each change. */
  | { readonly isCalm: true; readonly changes: readonly Change[] }
  /** They are in a hurry; how they end well after each of the changes. */
  | { readonly isCalm: false; readonly changes: readonly Change[]; readonly ends: readonly (readonly Change[])[] };

/** The walk that schedules of a seed play. Three of four come to rest after every change, the fourth is in a hurry. */
export function userWalk(seed: number): Walk {
  const place = seed % walkCount;
  const number = tellingWalks[place] ?? place;
  return place < plainWalks ? plainWalk(number) : rolloutWalk(number);
}

/** All changes of a walk and its good end, in phases that come to rest. */
export function wholePhases(walk: Walk): Schedule["phases"] {
  return walk.isCalm ? walk.changes.map((change) => [change]) : [[...walk.changes, ...(walk.ends.at(-1) ?? [])]];
}

/** Walk number `walk` of those without a rollout's strategy. */
export function plainWalk(walk: number): Walk {
  const chance = createChance(seededRandom(walk * 7_919 + 13));
  const isCalm = walk % 4 !== 3;
  const state: State = { exists: false, model: 1, isBad: false, replicas: 1, isSuspended: false, hasForeign: false };
  const gapMs = (): number => (isCalm ? 0 : chance.pick([0, 40, 400, 2_000, 6_000, 12_000]));
  const changes: Change[] = [];
  const ends: (readonly Change[])[] = [];
  const add = (act: Change["act"]): void => {
    changes.push({ gapMs: gapMs(), name, act });
    // Who is in a hurry ends well: how far the revision before had come by then is a matter of chance.
    ends.push((state.exists ? goodEnd(state) : []).map((one) => ({ gapMs: gapMs(), name, act: one })));
  };
  if (walk % 16 === 6 || walk % 16 === 11) {
    state.hasForeign = true;
    add({ kind: "foreign-service", isThere: true });
  }
  const most = isCalm ? chance.whole(3, 7) : chance.whole(2, 5);
  for (let count = 0; count < most; count += 1) add(nextAct(state, chance));
  return isCalm ? { isCalm, changes } : { isCalm, changes, ends };
}

function nextAct(state: State, chance: Chance): Change["act"] {
  if (state.hasForeign && state.exists && chance.isLucky(0.7)) {
    state.hasForeign = false;
    return { kind: "foreign-service", isThere: false };
  }
  if (!state.exists) {
    state.exists = true;
    state.isSuspended = false;
    state.replicas = chance.whole(1, 3);
    return { kind: "create", model: modelOf(state), replicas: state.replicas };
  }
  switch (chance.pick(["model", "model", "model", "replicas", "replicas", "suspend", "annotate", "delete"])) {
    case "model":
      state.isBad = !state.isBad && chance.isLucky(0.35);
      state.model = chance.whole(1, 3);
      return { kind: "model", model: modelOf(state) };
    case "replicas":
      state.replicas = chance.whole(0, 3);
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

function goodEnd({ isBad, isSuspended, replicas }: State): readonly Change["act"][] {
  return [
    ...(isBad ? [{ kind: "model", model: "good-4.h5" } as const] : []),
    ...(replicas === 0 ? [{ kind: "replicas", replicas: 2 } as const] : []),
    ...(isSuspended ? [{ kind: "suspend", suspend: false } as const] : []),
  ];
}

function modelOf({ model, isBad }: State): string {
  return `${isBad ? badModel : "good"}-${model}.h5`;
}
