import { badModel } from "../world/kubelet.ts";
import { type RandomSource, createRandom } from "./random.ts";
import type { Change, CommandName } from "./schedule.ts";
import type { Walk } from "./walk.ts";
import { drawStrategy, plain } from "./strategies.ts";

/** The state of the user's changes so far. */
interface State {
  /** Models so far, the latest last. The name determines the behaviour. */
  readonly models: string[];
  replicas: number;
  isSuspended: boolean;
  isPaused: boolean;
  hasQuota: boolean;
  commands: number;
}

type Act = Change["act"];
type Turn = (state: State, random: RandomSource) => Act | undefined;

const name = "shop";
/** Gaps that hit every step of the strategies: pods take up to 4 s, pauses and analyses 2 to 8 s. */
const gaps = [0, 40, 400, 2_000, 4_000, 6_000, 9_000, 14_000, 25_000] as const;
/** The model of the final changes, which converge without the user. */
const lastModel = "good-9.h5";

/**
 * Walk number `walk` of a user with rollout strategies. In three of four walks each change converges before the next; in
 * the fourth changes overlap and hit the middle of steps.
 */
export function rolloutWalk(walk: number): Walk {
  const random = createRandom(walk * 7_919 + 13);
  const isSequential = walk % 4 !== 3;
  // Only a single pod is updated in place.
  const isClaimed = walk % 3 === 0;
  const replicas = isClaimed ? Math.ceil(random.integer(1, 4) / 2) : random.integer(1, 4);
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
    ends.push(finalActs(state));
  };
  add({
    kind: "create",
    model: "good-1.h5",
    replicas,
    rollout: drawStrategy(random),
    ...(isClaimed ? { isClaimed } : {}),
  });
  // With a smaller quota the rollout's outcome would depend on the next lost pod.
  state.hasQuota = random.bool(0.25);
  if (state.hasQuota) add({ kind: "quota", pods: replicas });
  const most = isSequential ? random.integer(3, 7) : random.integer(3, 6);
  // The first change is an update: the other changes act on its rollout.
  for (let count = 0; count < most; count += 1) {
    const act = count === 0 ? changedModel(state, random) : nextAct(state, random);
    if (act !== undefined) add(act);
  }
  if (isSequential) return { isSequential, changes: acts.map((act) => ({ gapMs: 0, name, act })) };
  const timed = (act: Act): Change => ({ gapMs: random.pick(gaps), name, act });
  const changes = acts.map((act, index) => ({ ...timed(act), ...(index === 1 ? { gapMs: 15_000 } : {}) }));
  return { isSequential, changes, ends: ends.map((end) => end.map(timed)) };
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
  // A paused candidate gets back only the weight of its steps.
  ({ isPaused }) => (isPaused ? undefined : { kind: "lose-candidate" }),
  (_state, random) => ({ kind: "rollout", rollout: drawStrategy(random) }),
  () => ({ kind: "annotate" }),
];

function nextAct(state: State, random: RandomSource): Act | undefined {
  // A stopped ModelDeployment is started again next: other changes would have no effect.
  if (state.isSuspended) return suspended(state);
  if (state.replicas === 0) return scaled(state, random);
  return random.pick(turns)(state, random);
}

/** A new revision: good, or one that fails requests, gives different predictions, gets no requests or never loads. */
function changedModel(state: State, random: RandomSource): Act {
  const kind = random.pick(["good", "good", "good", "failing", "silent", "differing", badModel]);
  const model = `${kind}-${state.models.length + 1}.h5`;
  state.models.push(model);
  return { kind: "model", model };
}

/** Back to the previous model or any earlier one. */
function formerModel(state: State, random: RandomSource): Act {
  const model = random.bool(0.6) ? state.models.at(-2) : state.models[random.integer(0, state.models.length - 1)];
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

function scaled(state: State, random: RandomSource): Act {
  const least = state.replicas === 0 ? 1 : 0;
  state.replicas = random.integer(least, state.hasQuota ? Math.max(1, state.replicas) : 5);
  return { kind: "replicas", replicas: state.replicas };
}

function suspended(state: State): Act {
  state.isSuspended = !state.isSuspended;
  return { kind: "suspend", suspend: state.isSuspended };
}

/** Removes the quota. */
function unlimited(state: State): Act | undefined {
  if (!state.hasQuota) return undefined;
  state.hasQuota = false;
  return { kind: "quota" };
}

/** Final changes that lead to the same state however far the earlier revisions came. */
function finalActs({ isSuspended, isPaused, hasQuota, replicas }: State): readonly Act[] {
  return [
    ...(isPaused ? [{ kind: "pause", isPaused: false } as const] : []),
    ...(isSuspended ? [{ kind: "suspend", suspend: false } as const] : []),
    ...(hasQuota ? [{ kind: "quota" } as const] : []),
    ...(replicas === 0 ? [{ kind: "replicas", replicas: 2 } as const] : []),
    { kind: "await-answers" },
    { kind: "rollout", rollout: plain },
    { kind: "model", model: lastModel },
  ];
}
