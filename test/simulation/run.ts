import type { Log } from "../../runtime/base/log.ts";
import { type Coverage, startCoverage } from "./oracle/coverage.ts";
import { startEventLog } from "./oracle/event-log.ts";
import { restlessness, restlessStart } from "./oracle/rest.ts";
import { startWatchman } from "./oracle/safety.ts";
import { judged, type PhaseReference, type Play, playPhase } from "./phase.ts";
import type { Change, Schedule } from "./schedule/schedule.ts";
import type { Hits } from "./world/ledger.ts";
import { remaining } from "./under-way.ts";
import { savedState, type SavedState } from "./world/saved-state.ts";
import type { Stage } from "./world/stage.ts";
import { beginMs, createWorld, type World } from "./world/world.ts";

export interface Outcome {
  readonly violations: readonly string[];
  readonly phases: readonly PhaseReference[];
  /** Faults that really happened, by their names. */
  readonly hits: Hits;
  /** Requests of operators to take something away, or to scale it down. */
  readonly removals: number;
  /** Stands for all that happened, where it was asked for. */
  readonly digest?: bigint;
}

export interface RunOptions {
  /** What the schedule has to come to. */
  readonly reference?: readonly PhaseReference[] | undefined;
  /** Where it begins: a schedule that plays later phases, or what is to become its reference. */
  readonly begin?: SavedState | undefined;
  readonly log?: Log | undefined;
  /** What happens is told in `Outcome.digest`. */
  readonly isDigested?: boolean | undefined;
  /** Gets what is tried. */
  readonly coverage?: Coverage | undefined;
}

/** Plays a schedule; with a reference of the same walk it is judged, without one it becomes it. */
export async function run(
  stage: Stage,
  schedule: Schedule,
  { reference, begin, log, isDigested = false, coverage }: RunOptions = {},
): Promise<Outcome> {
  const acts = schedule.phases.flat().map(({ act }) => act);
  const isJudging = acts.some((act) => act.kind === "create" && act.rollout !== undefined);
  const world = await createWorld(stage, schedule.seed, { log, begin, isJudging });
  const watchman = startWatchman(world, begin?.versions);
  const saved = (): SavedState =>
    savedState(world, { versions: watchman.versions(), elapsedMs: world.clock.now() - beginMs });
  const eventLog = isDigested ? startEventLog(world) : undefined;
  const endCoverage = coverage === undefined ? undefined : startCoverage(world, coverage);
  const phases: PhaseReference[] = [];
  let violations: readonly string[] = [];
  try {
    violations = await playAll(world, schedule, { reference, saved, phases });
  } finally {
    watchman.stop();
    eventLog?.stop();
    endCoverage?.();
    await world.end();
  }
  const { hits, removals, writes } = world.ledger;
  const found = [...watchman.violations, ...violations, ...hurry(world, schedule.phases)];
  const digest = eventLog?.digest({ found, hits, writes });
  return { violations: found, phases, hits, removals, ...(digest === undefined ? {} : { digest }) };
}

interface Playing {
  readonly reference: readonly PhaseReference[] | undefined;
  readonly saved: () => SavedState;
  /** Filled as they are played. */
  readonly phases: PhaseReference[];
}

/** Up to the first phase that does not come to what it should. */
async function playAll(
  world: World,
  schedule: Schedule,
  { reference, saved, phases: played }: Playing,
): Promise<readonly string[]> {
  const wanted = reference && remaining(schedule, reference);
  const found = await start(world, schedule);
  if (found.length > 0) return found;
  for (const [index, changes] of [...schedule.phases.entries()].slice(schedule.from)) {
    const play = playOf(schedule, index, changes);
    const phase = await playPhase(world, play, { reference: wanted?.[index], saved });
    played.push(phase);
    const violations = judged(phase, wanted?.[index], play);
    if (violations.length > 0) return violations;
  }
  return wanted === undefined ? [] : restlessness(world);
}

/** Operators start, with what of the changes before is in no object. */
async function start(
  world: World,
  { from = 0, afterMs, underWay, operators, phases }: Schedule,
): Promise<readonly string[]> {
  for (let count = 0; count < operators; count += 1) world.startOperator(operators > 1);
  const before = phases.slice(0, underWay === undefined ? from : from + 1).flat();
  for (const { act } of before) if (act.kind === "quota") world.limitPods(act.pods);
  const isAtRest = from > 0 && afterMs === undefined && underWay === undefined;
  return isAtRest ? restlessStart(world) : [];
}

function playOf({ from = 0, afterMs, underWay, faults }: Schedule, index: number, changes: readonly Change[]): Play {
  return {
    changes,
    isUnderWay: index === from && underWay !== undefined,
    isHurried: changes.length > 1 || afterMs !== undefined,
    faults: faults.filter(({ phase }) => phase === index),
    isDeprived: faults.some(({ phase, trouble }) => phase <= index && trouble === "delete-child"),
  };
}

/** Writes that nobody makes within a minute who does not undo them again and again. */
const mostWrites = 200;

/**
 * What a user changes has writes of its own: two leaders may disagree about each change anew (`pace.ts`), and two changes that each
 * come to rest may fall into one minute.
 */
function hurry({ ledger: { writers }, isContested }: World, phases: Schedule["phases"]): readonly string[] {
  const most = isContested ? mostWrites * Math.max(2, ...phases.map(({ length }) => length)) : mostWrites;
  const index = writers.findIndex(({ atMs }, at) => atMs - (writers[at - most]?.atMs ?? -Infinity) < 60_000);
  return index === -1 ? [] : [`more than ${most} writes within a minute, at ${writers[index]?.atMs} ms`];
}
