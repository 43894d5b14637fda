import { createChance, seededRandom } from "./schedule/random.ts";
import { drawWalk } from "./schedule/draw.ts";
import type { Change, Schedule, ScheduledFault } from "./schedule/schedule.ts";
import { endingStrategies } from "./schedule/strategies.ts";
import type { PhaseReference } from "./phase.ts";
import type { Simulator } from "./simulator.ts";
import { remaining } from "./under-way.ts";

/** A schedule with what it has to come to. */
export interface Trial {
  readonly schedule: Schedule;
  readonly reference: readonly PhaseReference[];
}

/** A kind of schedules: which one a seed stands for, and how many are played when nothing else is said. */
export interface Mode {
  readonly count: number;
  trial(simulator: Simulator, seed: number): Promise<Trial>;
}

export const modes = {
  /** A dozen faults of any kind. */
  schedules: {
    count: 100_000,
    async trial(simulator, seed) {
      const schedule = await simulator.schedule(seed);
      return { schedule, reference: await simulator.reference(schedule) };
    },
  },
  /** Two crashes, each before or after one call to the API. */
  pairs: {
    count: 20_000,
    async trial(simulator, seed) {
      const { faults: _faults, ...walk } = await simulator.schedule(seed);
      const reference = await simulator.reference(walk);
      const chance = createChance(seededRandom(seed));
      const phase = chance.whole(walk.from ?? 0, walk.phases.length - 1);
      const crash = (at: number): ScheduledFault => ({
        on: "request",
        trouble: chance.pick(["crash-before", "crash-after"]),
        phase,
        at,
        amount: 0,
      });
      const { requests = 0 } = remaining(walk, reference)[phase] ?? {};
      const first = Math.floor(chance.fraction() * requests);
      const atOnce: ScheduledFault = { on: "moment", trouble: "crash", phase, at: 0, amount: 0 };
      // A start makes some ten requests: the second crash befalls it, or what it then goes on with.
      const faults = [requests === 0 ? atOnce : crash(first), crash(first + chance.whole(1, 12))];
      return { schedule: { ...walk, faults }, reference };
    },
  },
  /** The user changes their mind while the operators still see what was before: what they then take away is wrong. */
  stale: {
    count: 5_000,
    async trial(simulator, seed) {
      const { operators } = drawWalk(seed);
      const chance = createChance(seededRandom(seed));
      const name = "shop";
      const mind = (): Change["act"] =>
        chance.pick<() => Change["act"]>([
          () => ({ kind: "model", model: `good-${chance.whole(1, 3)}.h5` }),
          () => ({ kind: "replicas", replicas: chance.whole(1, 3) }),
          () => ({ kind: "suspend", suspend: chance.isLucky(0.5) }),
        ])();
      const replicas = chance.whole(1, 3);
      const strategy = seed % 2 === 0 ? {} : { rollout: chance.pick(endingStrategies) };
      const create: Change = { gapMs: 0, name, act: { kind: "create", model: "good-1.h5", replicas, ...strategy } };
      const mostMs = 14_000;
      const gapMs = chance.whole(0, mostMs);
      const [first, second] = [mind(), mind()];
      const phasesWith = (gapMs: number): Schedule["phases"] => [
        [create],
        [
          { gapMs: 0, name, act: first },
          { gapMs, name, act: second },
          { gapMs: 0, name, act: { kind: "model", model: "good-2.h5" } },
          { gapMs: 0, name, act: { kind: "suspend", suspend: false } },
        ],
      ];
      const phases = phasesWith(gapMs);
      const at = Math.max(0, gapMs - chance.whole(1, 4_000));
      const blind: ScheduledFault = { on: "moment", trouble: "blind", phase: 1, at, amount: chance.fraction() };
      const schedule = { seed, phases, from: 1, operators, faults: [blind] };
      // What it comes to does not hang on the time between: few references will do.
      return { schedule, reference: await simulator.reference({ ...schedule, phases: phasesWith(mostMs) }) };
    },
  },
  /** What the user does and undoes while nobody looks makes no difference. */
  unobserved: {
    count: 2_000,
    async trial(simulator, seed) {
      const walk = drawWalk(seed);
      const { operators } = walk;
      const before = await simulator.reference(walk);
      const chance = createChance(seededRandom(seed));
      const pair = undone(walk.phases.flat(), chance.whole(0, 3));
      const from = walk.phases.length;
      const faults: readonly ScheduledFault[] = [
        { on: "moment", trouble: "outage", phase: from, at: 0, amount: 0.1 },
        { on: "moment", trouble: "compact", phase: from, at: 3_000, amount: 0 },
      ];
      const changes = pair.map((act, index): Change => ({
        gapMs: index === 0 ? 20 : chance.whole(0, 2_000),
        name: "shop",
        act,
      }));
      const last = before.at(-1);
      const same = last === undefined ? [] : [{ ...last, acts: [], durationMs: 5_000 }];
      return {
        schedule: { seed, operators, phases: [...walk.phases, changes], from, faults },
        reference: [...before, ...same],
      };
    },
  },
} as const satisfies Record<string, Mode>;

/** An act and what takes it back, after these changes. */
function undone(changes: readonly Change[], which: number): readonly Change["act"][] {
  let [model, replicas, exists] = ["", 1, false];
  let suspend: boolean | undefined;
  for (const { act } of changes) {
    if (act.kind === "create") [model, replicas, suspend, exists] = [act.model, act.replicas, undefined, true];
    if (act.kind === "model") ({ model } = act);
    if (act.kind === "replicas") ({ replicas } = act);
    if (act.kind === "suspend") ({ suspend } = act);
    if (act.kind === "delete") exists = false;
  }
  if (!exists) return [{ kind: "create", model: "good-1.h5", replicas: 1 }, { kind: "delete" }];
  const pairs: readonly (readonly Change["act"][])[] = [
    [
      { kind: "model", model: "good-10.h5" },
      { kind: "model", model },
    ],
    [
      { kind: "replicas", replicas: replicas + 1 },
      { kind: "replicas", replicas },
    ],
    [
      { kind: "replicas", replicas: 0 },
      { kind: "replicas", replicas },
    ],
    // Where it was never said "false" would be more than before.
    suspend === undefined
      ? [
          { kind: "model", model: "bad-9.h5" },
          { kind: "model", model },
        ]
      : [
          { kind: "suspend", suspend: !suspend },
          { kind: "suspend", suspend },
        ],
  ];
  return pairs[which] ?? [];
}
