import type { Log } from "../../runtime/base/log.ts";
import { difference, endState, withoutHistory, withoutPast } from "./oracle/end-state.ts";
import { startEventLog } from "./oracle/event-log.ts";
import { startWatchman } from "./oracle/safety.ts";
import type { Extent } from "./schedule/draw.ts";
import type { Change, MomentTrouble, Schedule, ScheduledFault } from "./schedule/schedule.ts";
import { count, type Hits } from "./world/ledger.ts";
import { moments } from "./world/moments.ts";
import type { Stage } from "./world/stage.ts";
import { savedState, type SavedState } from "./world/saved-state.ts";
import { changed } from "./user.ts";
import { beginMs, createWorld, type World } from "./world/world.ts";

/** What a phase came to without faults. */
export interface PhaseReference extends Extent {
  readonly endState: readonly string[];
  /** Creations and deletions of operators. */
  readonly acts: readonly string[];
  /** What a schedule that plays later phases begins with. */
  readonly state: SavedState;
}

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

/** Longest time from the end of faults to rest. */
const restWithinMs = 240_000;
/** A run without faults is at rest when nothing was written for this long: foreign objects are looked at every 30 s. */
const quietMs = 35_000;
const resyncs = 10;
/** An operator has read the state and leads by then. */
const startMs = 6_000;
/** After this every watch is back: it waits for at most 60 s before it connects again. */
const caughtUpMs = 75_000;
/** After these an operator may rightly create or delete more, or less, than it would have otherwise. */
const disturbing: ReadonlySet<MomentTrouble> = new Set(["delete-child", "edit-replica-set", "gateway-unready"]);

/** These end by themselves, at most this long after they began. */
const lasting: ReadonlySet<MomentTrouble> = new Set([
  "second-leader",
  "kind-missing",
  "gateway-unready",
  "gateway-deaf",
]);
const lastingMs = 23_000;
/** A process that died is back by then, and at work: what is yet to befall it does. */
const restartMs = 5_000;

export interface RunOptions {
  /** What the schedule has to come to. */
  readonly reference?: readonly PhaseReference[] | undefined;
  readonly log?: Log | undefined;
  /** What happens is told in `Outcome.digest`. */
  readonly isDigested?: boolean | undefined;
}

/** Plays a schedule; with a reference of the same walk it is judged, without one it becomes it. */
export async function run(
  stage: Stage,
  schedule: Schedule,
  { reference, log, isDigested = false }: RunOptions = {},
): Promise<Outcome> {
  const begin = reference?.[(schedule.from ?? 0) - 1]?.state;
  const acts = schedule.phases.flat().map(({ act }) => act);
  const isJudging = acts.some((act) => act.kind === "create" && act.rollout !== undefined);
  const world = await createWorld(stage, schedule.seed, { log, begin, isJudging });
  const watchman = startWatchman(world);
  const eventLog = isDigested ? startEventLog(world) : undefined;
  const phases: PhaseReference[] = [];
  let violations: readonly string[] = [];
  try {
    violations = await playAll(world, schedule, reference, phases);
  } finally {
    watchman.stop();
    eventLog?.stop();
    await world.end();
  }
  const { hits, removals, writes } = world.ledger;
  const found = [...watchman.violations, ...violations, ...hurry(world, schedule.phases)];
  const digest = eventLog?.digest({ found, hits, writes });
  return { violations: found, phases, hits, removals, ...(digest === undefined ? {} : { digest }) };
}

/** Up to the first phase that does not come to what it should. */
async function playAll(
  world: World,
  { from = 0, operators, phases, faults }: Schedule,
  reference: readonly PhaseReference[] | undefined,
  played: PhaseReference[],
): Promise<readonly string[]> {
  for (let count = 0; count < operators; count += 1) world.startOperator(operators > 1);
  if (from > 0) recall(world, phases.slice(0, from).flat());
  const found = from > 0 ? await restlessStart(world) : [];
  if (found.length > 0) return found;
  for (const [index, changes] of phases.entries()) {
    if (index < from) continue;
    const play: Play = {
      changes,
      faults: faults.filter(({ phase }) => phase === index),
      isDeprived: faults.some(({ phase, trouble }) => phase <= index && trouble === "delete-child"),
    };
    const phase = await playPhase(world, play, reference?.[index]);
    played.push(phase);
    const violations = judged(phase, reference?.[index], play);
    if (violations.length > 0) return violations;
  }
  return reference === undefined ? [] : restlessness(world);
}

/** What of the changes before is in no object. */
function recall(world: World, changes: readonly Change[]): void {
  for (const { act } of changes) if (act.kind === "quota") world.limitPods(act.pods);
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

/** What is done in a phase, and what befalls it. */
interface Play {
  readonly changes: readonly Change[];
  readonly faults: readonly ScheduledFault[];
  /** By now a user took an object away: a ReplicaSet that is kept for the way back alone does not come back, an older one stays in its place. */
  readonly isDeprived: boolean;
}

async function playPhase(world: World, play: Play, reference: PhaseReference | undefined): Promise<PhaseReference> {
  const { changes, faults } = play;
  const { ledger, clock, weather, server } = world;
  ledger.requests = 0;
  ledger.events = 0;
  world.isHurried = changes.length > 1;
  const writesBefore = ledger.writes.length;
  const startedMs = clock.monotonic();
  breakThings(world, faults);
  for (const { gapMs, name, act } of changes) {
    await world.advance(gapMs);
    await changed(world, name, act).catch(() => {});
  }
  const lastFaultMs = Math.max(0, ...faults.map(({ on, at }) => (on === "moment" ? at : 0)));
  if (faults.length > 0)
    await world.advance(Math.max(reference?.durationMs ?? 0, lastFaultMs - (clock.monotonic() - startedMs)));
  if (faults.some((one) => one.on === "moment" && lasting.has(one.trouble))) await world.advance(lastingMs);
  if (faults.some(({ trouble }) => trouble.startsWith("crash"))) await world.advance(restartMs);
  heal(world);
  // What a wrong clock makes of times in status shows with the next look: there may be none.
  if (faults.some(({ trouble }) => trouble.startsWith("clock"))) world.gateways.resync();
  if (reference === undefined) await untilQuiet(world);
  else await untilEqual(world, reference.endState, play);
  weather.isHealed = false;
  const acts = ledger.writes.slice(writesBefore).filter((write) => /^(create|delete)/.test(write));
  return {
    requests: ledger.requests,
    events: ledger.events,
    durationMs: clock.monotonic() - startedMs - (reference === undefined ? quietMs : 0),
    endState: endState(server),
    acts: acts.sort(),
    state: savedState(server, world.gateways, clock.now() - beginMs),
  };
}

function breakThings(world: World, faults: readonly ScheduledFault[]): void {
  const { weather, clock, ledger } = world;
  const hit = <T extends ScheduledFault>(found: T | undefined): T | undefined => {
    if (found !== undefined) count(ledger.hits, found.trouble);
    return found;
  };
  const ofRequests = new Map(faults.filter((one) => one.on === "request").map((one) => [one.at, one]));
  const ofEvents = new Map(faults.filter((one) => one.on === "event").map((one) => [one.at, one]));
  weather.requestTrouble = (index) => hit(ofRequests.get(index));
  weather.eventTrouble = (index) => hit(ofEvents.get(index));
  for (const fault of faults) {
    if (fault.on !== "moment") continue;
    clock.after(fault.at, () => {
      count(ledger.hits, fault.trouble);
      void Promise.resolve(moments[fault.trouble](world, fault.amount)).catch(() => {});
    });
  }
}

/** No fault begins from here on, and what was kept from the operators is told them. */
function heal({ weather, running, ledger }: World): void {
  weather.requestTrouble = () => undefined;
  weather.eventTrouble = () => undefined;
  weather.outageUntilMs = 0;
  for (const { process } of running) process.resume();
  // What was lost is found out with the next event: there may be none.
  if (ledger.hits.drop === undefined) return;
  weather.isHealed = true;
  for (const one of running) one.endLacking();
}

async function untilQuiet(world: World): Promise<void> {
  for (let changes = -1; changes !== world.changes;) {
    changes = world.changes;
    await world.advance(quietMs);
  }
}

/** What a state lacks, or has too much; of changes in a hurry no more is told than what came of the last. */
function deviations(wanted: readonly string[], found: readonly string[], { changes, isDeprived }: Play) {
  const told = (state: readonly string[]): readonly string[] => {
    const kept = isDeprived ? withoutHistory(state) : state;
    return changes.length > 1 ? withoutPast(kept) : kept;
  };
  return difference(told(wanted), told(found));
}

async function untilEqual(world: World, wanted: readonly string[], play: Play): Promise<void> {
  const untilMs = world.clock.monotonic() + restWithinMs;
  let looked = -1;
  while (world.clock.monotonic() < untilMs) {
    await world.advance(2_000);
    const written = world.changes;
    if (written !== looked && deviations(wanted, endState(world.server), play).length === 0) return;
    looked = written;
  }
}

function judged(found: PhaseReference, reference: PhaseReference | undefined, play: Play): readonly string[] {
  if (reference === undefined) return [];
  const { changes, faults } = play;
  const differences = deviations(reference.endState, found.endState, play);
  if (differences.length > 0)
    return [`${restWithinMs} ms after the last fault the state is not what it would be without`, ...differences];
  const isDisturbed = faults.some((one) => one.on === "moment" && disturbing.has(one.trouble));
  // While an old ModelDeployment is still in sight its children are made anew, for garbage collection to take.
  const deletes = changes.some(({ act }) => act.kind === "delete");
  if (changes.length > 1 || isDisturbed || deletes || play.isDeprived) return [];
  if (JSON.stringify(reference.acts) === JSON.stringify(found.acts)) return [];
  return [`created and deleted ${found.acts.join(", ")}; without faults ${reference.acts.join(", ")}`];
}

/** Who starts where all is at rest writes nothing. */
async function restlessStart(world: World): Promise<readonly string[]> {
  await world.advance(startMs);
  const { writes, judgements } = world.ledger;
  return writes.length === judgements ? [] : [`where all was at rest a start wrote ${writes.join(", ")}`];
}

/** At rest, nothing is written any more: not when everything is looked at again, nor after a restart. */
async function restlessness(world: World): Promise<readonly string[]> {
  await world.advance(caughtUpMs);
  const { ledger, gateways } = world;
  // Who is started with the right time sets right, once, what a wrong clock made of times in status.
  if (ledger.hits["clock-forward"] !== undefined) await restartAll(world);
  const [before, judgedBefore] = [ledger.writes.length, ledger.judgements];
  const stateBefore = rawState(world);
  for (let count = 0; count < resyncs - 1; count += 1) {
    gateways.resync();
    await world.advance(100);
  }
  await restartAll(world);
  const written = ledger.writes.slice(before);
  if (written.length === ledger.judgements - judgedBefore) return [];
  return [`at rest ${resyncs} resyncs wrote ${written.join(", ")}`, ...difference(stateBefore, rawState(world))];
}

async function restartAll(world: World): Promise<void> {
  for (const { process } of world.running.slice()) world.crash(process);
  await world.advance(startMs);
}

function rawState({ server }: World): readonly string[] {
  return server.store
    .collection("modeldeployments.modelwright.dev")
    .records("default")
    .map(({ object }) => JSON.stringify(object["status"]));
}
