import { badModel } from "../world/kubelet.ts";
import { type Chance, createChance, seededRandom } from "./random.ts";
import { rolloutWalk } from "./rollout-walk.ts";
import type { Change } from "./schedule.ts";

/** Walks without a rollout's strategy come first, then as many with one. */
const plainWalks = 64;
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

/** Walk number `walk`: what a user does, in phases. Three of four come to rest after every change, the fourth is in a hurry. */
export function walkPhases(walk: number): readonly (readonly Change[])[] {
  if (walk >= plainWalks) return rolloutWalk(walk);
  const chance = createChance(seededRandom(walk * 7_919 + 13));
  const isCalm = walk % 4 !== 3;
  const state: State = { exists: false, model: 1, isBad: false, replicas: 1, isSuspended: false, hasForeign: false };
  const gapMs = (): number => (isCalm ? 0 : chance.pick([0, 40, 400, 2_000, 6_000, 12_000]));
  const changes: Change[] = [];
  if (walk % 16 === 6 || walk % 16 === 11) {
    state.hasForeign = true;
    changes.push({ gapMs: 0, name, act: { kind: "foreign-service", isThere: true } });
  }
  changes.push({ gapMs: gapMs(), name, act: nextAct(state, chance) });
  const more = isCalm ? chance.whole(2, 6) : chance.whole(1, 4);
  for (let count = 0; count < more; count += 1) changes.push({ gapMs: gapMs(), name, act: nextAct(state, chance) });
  // Who is in a hurry ends well: how far the revision before had come by then is a matter of chance.
  if (!isCalm && state.exists) for (const act of goodEnd(state)) changes.push({ gapMs: gapMs(), name, act });
  return isCalm ? changes.map((change) => [change]) : [changes];
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
