import { badModel } from "../world/kubelet.ts";
import { type Chance, createChance, seededRandom } from "./random.ts";
import type { Change, CommandName } from "./schedule.ts";
import type { Walk } from "./walk.ts";
import { drawStrategy, plain } from "./strategies.ts";

/** What a user of rollouts knows of what they have done. */
interface State {
  /** Models so far, the newest last; of how they do, the names tell. */
  readonly models: string[];
  replicas: number;
  isSuspended: boolean;
  isPaused: boolean;
  hasQuota: boolean;
  commands: number;
}

type Act = Change["act"];
type Turn = (state: State, chance: Chance) => Act | undefined;

const name = "shop";
/** Gaps that fall into every step of the strategies: pods take up to 4 s, pauses and analyses 2 to 8 s. */
const gaps = [0, 40, 400, 2_000, 4_000, 6_000, 9_000, 14_000, 25_000] as const;
/** In the end nothing waits for anybody. */
const lastModel = "good-9.h5";

/**
 * Walk number `walk` of a user who changes revisions step by step. In three of four they look at how things come to rest
 * before each change; in the fourth the changes fall into the middle of steps.
 */
export function rolloutWalk(walk: number): Walk {
  const chance = createChance(seededRandom(walk * 7_919 + 13));
  const isCalm = walk % 4 !== 3;
  const replicas = chance.whole(1, 4);
  const state: State = {
    models: ["good-1.h5"],
    replicas,
    isSuspended: false,
    isPaused: false,
    hasQuota: false,
    commands: 0,
  };
  const acts: Act[] = [];
  const ends: (readonly Act[])[] = [];
  const add = (act: Act): void => {
    acts.push(act);
    ends.push(goodEnd(state));
  };
  add({ kind: "create", model: "good-1.h5", replicas, rollout: drawStrategy(chance) });
  // With less room than there are pods it would hang on the next that is lost what becomes of the rollout.
  state.hasQuota = chance.isLucky(0.25);
  if (state.hasQuota) add({ kind: "quota", pods: replicas });
  const most = isCalm ? chance.whole(3, 7) : chance.whole(3, 6);
  // The first update comes soon: all else is about it.
  for (let count = 0; count < most; count += 1) {
    const act = count === 0 ? changedModel(state, chance) : nextAct(state, chance);
    if (act !== undefined) add(act);
  }
  if (isCalm) return { isCalm, changes: acts.map((act) => ({ gapMs: 0, name, act })) };
  const timed = (act: Act): Change => ({ gapMs: chance.pick(gaps), name, act });
  const changes = acts.map((act, index) => ({ ...timed(act), ...(index === 1 ? { gapMs: 15_000 } : {}) }));
  return { isCalm, changes, ends: ends.map((end) => end.map(timed)) };
}

const turns: readonly [Turn, ...Turn[]] = [
  changedModel,
  changedModel,
  changedModel,
  formerModel,
  command("promote"),
  command("promote"),
  command("promoteFull"),
  command("abort"),
  command("retry"),
  paused,
  scaled,
  scaled,
  suspended,
  unlimited,
  // Paused, it gets back what it had only as far as its steps say.
  ({ isPaused }) => (isPaused ? undefined : { kind: "lose-candidate" }),
  (_state, chance) => ({ kind: "rollout", rollout: drawStrategy(chance) }),
  () => ({ kind: "annotate" }),
];

function nextAct(state: State, chance: Chance): Act | undefined {
  // Who has stopped everything begins again soon: there is nothing else to see.
  if (state.isSuspended) return suspended(state);
  if (state.replicas === 0) return scaled(state, chance);
  return chance.pick(turns)(state, chance);
}

/** Another revision: a good one, or one that fails requests, answers differently, gets none or never loads. */
function changedModel(state: State, chance: Chance): Act {
  const kind = chance.pick(["good", "good", "good", "failing", "silent", "differing", badModel]);
  const model = `${kind}-${state.models.length + 1}.h5`;
  state.models.push(model);
  return { kind: "model", model };
}

/** Back to what was before, or to any other. */
function formerModel(state: State, chance: Chance): Act {
  const model = chance.isLucky(0.6) ? state.models.at(-2) : state.models[chance.whole(0, state.models.length - 1)];
  const act = { kind: "model", model: model ?? "good-1.h5" } as const;
  state.models.push(act.model);
  return act;
}

function command(name: CommandName): Turn {
  return (state) => ({ kind: "command", command: name, value: `given-${(state.commands += 1)}` });
}

function paused(state: State): Act {
  state.isPaused = !state.isPaused;
  return { kind: "pause", isPaused: state.isPaused };
}

function scaled(state: State, chance: Chance): Act {
  const least = state.replicas === 0 ? 1 : 0;
  state.replicas = chance.whole(least, state.hasQuota ? Math.max(1, state.replicas) : 5);
  return { kind: "replicas", replicas: state.replicas };
}

function suspended(state: State): Act {
  state.isSuspended = !state.isSuspended;
  return { kind: "suspend", suspend: state.isSuspended };
}

/** A quota of exactly the pods that are wanted goes. */
function unlimited(state: State): Act | undefined {
  if (!state.hasQuota) return undefined;
  state.hasQuota = false;
  return { kind: "quota" };
}

/** How far the revisions before had come is a matter of chance: it ends with one for which that makes no difference. */
function goodEnd({ isSuspended, isPaused, hasQuota, replicas }: State): readonly Act[] {
  return [
    ...(isPaused ? [{ kind: "pause", isPaused: false } as const] : []),
    ...(isSuspended ? [{ kind: "suspend", suspend: false } as const] : []),
    ...(hasQuota ? [{ kind: "quota" } as const] : []),
    ...(replicas === 0 ? [{ kind: "replicas", replicas: 2 } as const] : []),
    { kind: "look" },
    { kind: "rollout", rollout: plain },
    { kind: "model", model: lastModel },
  ];
}
