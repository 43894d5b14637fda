import { createRandom } from "./schedule/random.ts";
import { drawWalk } from "./schedule/draw.ts";
import type { Change, Schedule, ScheduledFault } from "./schedule/schedule.ts";
import { endingStrategies } from "./schedule/strategies.ts";
import type { PhaseReference } from "./phase.ts";
import type { Simulator } from "./simulator.ts";
import { remaining } from "./checkpoints.ts";

/** A schedule and its expected outcome. */
export interface TestCase {
  readonly schedule: Schedule;
  readonly reference: readonly PhaseReference[];
}

/** A family of schedules: the schedule of each seed, and the default number of runs. */
export interface Mode {
  readonly count: number;
  testCase(simulator: Simulator, seed: number): Promise<TestCase>;
}

export const modes = {
  /** About a dozen faults of any kind. */
  schedules: {
    count: 100_000,
    async testCase(simulator, seed) {
      const schedule = await simulator.schedule(seed);
      return { schedule, reference: await simulator.reference(schedule) };
    },
  },
  /** Two crashes, each before or after an API request. */
  pairs: {
    count: 20_000,
    async testCase(simulator, seed) {
      const { faults: _faults, ...walk } = await simulator.schedule(seed);
      const reference = await simulator.reference(walk);
      const random = createRandom(seed);
      const phase = random.integer(walk.from ?? 0, walk.phases.length - 1);
      const crash = (at: number): ScheduledFault => ({
        on: "request",
        kind: random.pick(["crash-before", "crash-after"]),
        phase,
        at,
        amount: 0,
      });
      const { requests = 0 } = remaining(walk, reference)[phase] ?? {};
      const first = Math.floor(random.fraction() * requests);
      const atOnce: ScheduledFault = { on: "time", kind: "crash", phase, at: 0, amount: 0 };
      // A start makes about ten requests: the second crash hits the restart or the work after it.
      const faults = [requests === 0 ? atOnce : crash(first), crash(first + random.integer(1, 12))];
      return { schedule: { ...walk, faults }, reference };
    },
  },
  /** The user reverts a change while the operators have a stale view: deletions based on that view are wrong. */
  stale: {
    count: 5_000,
    async testCase(simulator, seed) {
      const { operators } = drawWalk(seed);
      const random = createRandom(seed);
      const name = "shop";
      const drawAct = (): Change["act"] =>
        random.pick<() => Change["act"]>([
          () => ({ kind: "model", model: `good-${random.integer(1, 3)}.h5` }),
          () => ({ kind: "replicas", replicas: random.integer(1, 3) }),
          () => ({ kind: "suspend", suspend: random.bool(0.5) }),
        ])();
      const replicas = random.integer(1, 3);
      const strategy = seed % 2 === 0 ? {} : { rollout: random.pick(endingStrategies) };
      const create: Change = { gapMs: 0, name, act: { kind: "create", model: "good-1.h5", replicas, ...strategy } };
      const maxMs = 14_000;
      const gapMs = random.integer(0, maxMs);
      const [first, second] = [drawAct(), drawAct()];
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
      const at = Math.max(0, gapMs - random.integer(1, 4_000));
      const blind: ScheduledFault = { on: "time", kind: "blind", phase: 1, at, amount: random.fraction() };
      const schedule = { seed, phases, from: 1, operators, faults: [blind] };
      // The end state does not depend on the gap, so schedules with different gaps share a reference.
      return { schedule, reference: await simulator.reference({ ...schedule, phases: phasesWith(maxMs) }) };
    },
  },
  /** Changes that the user makes and reverts while no operator watches have no effect. */
  unobserved: {
    count: 2_000,
    async testCase(simulator, seed) {
      const walk = drawWalk(seed);
      const { operators } = walk;
      const before = await simulator.reference(walk);
      const random = createRandom(seed);
      const pair = actAndReversal(walk.phases.flat(), random.integer(0, 3));
      const from = walk.phases.length;
      const faults: readonly ScheduledFault[] = [
        { on: "time", kind: "outage", phase: from, at: 0, amount: 0.1 },
        { on: "time", kind: "compact", phase: from, at: 3_000, amount: 0 },
      ];
      const changes = pair.map((act, index): Change => ({
        gapMs: index === 0 ? 20 : random.integer(0, 2_000),
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

/** A change and its reversal, for the state after these changes. */
function actAndReversal(changes: readonly Change[], which: number): readonly Change["act"][] {
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
    // If `suspend` was never set, setting it to false would leave a difference.
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
