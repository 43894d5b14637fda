import { difference, endState, withoutHistory, withoutPast } from "./oracle/end-state.ts";
import type { Extent } from "./schedule/draw.ts";
import type { Change, MomentTrouble, ScheduledFault } from "./schedule/schedule.ts";
import { standsMs } from "./schedule/walk.ts";
import { actsSince, restMs, type Stand, untilQuiet } from "./under-way.ts";
import { changed } from "./user.ts";
import { count, type Hits, type Ledger } from "./world/ledger.ts";
import { moments } from "./world/moments.ts";
import type { SavedState } from "./world/saved-state.ts";
import type { World } from "./world/world.ts";

/** What a phase came to without faults. */
export interface PhaseReference extends Extent {
  readonly endState: readonly string[];
  /** Creations and deletions of operators. */
  readonly acts: readonly string[];
  /** What a schedule that plays later phases begins with. */
  readonly state: SavedState;
  /** Where schedules may begin in the middle of a phase without faults: before that change, so long after the last one. */
  readonly stands: readonly { readonly index: number; readonly afterMs: number; readonly state: SavedState }[];
  /** Where schedules may begin after the only change of a phase. */
  readonly underWay: readonly Stand[];
}

/** Longest time from the end of faults to rest. */
const restWithinMs = 240_000;
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

/** What is done in a phase, and what befalls it. */
export interface Play {
  readonly changes: readonly Change[];
  /** They were made before. */
  readonly isUnderWay: boolean;
  /** They do not wait for what went before to come to rest. */
  readonly isHurried: boolean;
  readonly faults: readonly ScheduledFault[];
  /** By now a user took an object away: a ReplicaSet that is kept for the way back alone does not come back, an older one stays in its place. */
  readonly isDeprived: boolean;
}

interface Playing {
  readonly reference: PhaseReference | undefined;
  readonly saved: () => SavedState;
}

/** With a reference it goes on until the state is the same, without one until nothing is written any more. */
export async function playPhase(world: World, play: Play, { reference, saved }: Playing): Promise<PhaseReference> {
  const { faults } = play;
  const { ledger, clock, weather, server } = world;
  ledger.requests = 0;
  ledger.events = 0;
  world.isHurried = play.isHurried;
  const writesBefore = ledger.writes.length;
  const startedMs = clock.monotonic();
  breakThings(world, faults);
  const stands = await played(world, play, reference === undefined ? saved : undefined);
  const lastFaultMs = Math.max(0, ...faults.map(({ on, at }) => (on === "moment" ? at : 0)));
  if (faults.length > 0)
    await world.advance(Math.max(reference?.durationMs ?? 0, lastFaultMs - (clock.monotonic() - startedMs)));
  if (faults.some((one) => one.on === "moment" && lasting.has(one.trouble))) await world.advance(lastingMs);
  if (faults.some(({ trouble }) => trouble.startsWith("crash"))) await world.advance(restartMs);
  heal(world);
  // What a wrong clock makes of times in status shows with the next look: there may be none.
  if (faults.some(({ trouble }) => trouble.startsWith("clock"))) world.gateways.resync();
  const soFar = (): Stand => ({
    requests: ledger.requests,
    events: ledger.events,
    durationMs: clock.monotonic() - startedMs,
    acts: actsSince(ledger, writesBefore),
    // Nobody begins where something went wrong.
    state: reference?.state ?? saved(),
  });
  const written =
    reference === undefined ? await untilQuiet(world, soFar) : await untilEqual(world, reference.endState, play);
  weather.isHealed = false;
  const past = soFar();
  const { durationMs } = written.at(-1) ?? past;
  const underWay = play.isHurried ? [] : written.slice(0, -1);
  return { ...past, durationMs: durationMs + restMs, endState: endState(server), stands, underWay };
}

/** Where nothing goes wrong the states on the way may be saved. */
async function played(
  world: World,
  { changes, isUnderWay, isHurried }: Play,
  saved: Playing["saved"] | undefined,
): Promise<PhaseReference["stands"]> {
  if (isUnderWay) return [];
  const stands: PhaseReference["stands"][number][] = [];
  for (const [index, { gapMs, name, act }] of changes.entries()) {
    let waitedMs = 0;
    for (const afterMs of saved === undefined ? [gapMs] : standsMs(gapMs)) {
      await world.advance(afterMs - waitedMs);
      waitedMs = afterMs;
      if (saved !== undefined && isHurried && index > 0) stands.push({ index, afterMs, state: saved() });
    }
    await changed(world, name, act).catch(() => {});
  }
  return stands;
}

function happened({ hits, onHit }: Ledger, trouble: keyof Hits): void {
  count(hits, trouble);
  onHit(trouble);
}

function breakThings(world: World, faults: readonly ScheduledFault[]): void {
  const { weather, clock, ledger } = world;
  const hit = <T extends ScheduledFault>(found: T | undefined): T | undefined => {
    if (found !== undefined) happened(ledger, found.trouble);
    return found;
  };
  const ofRequests = new Map(faults.filter((one) => one.on === "request").map((one) => [one.at, one]));
  const ofEvents = new Map(faults.filter((one) => one.on === "event").map((one) => [one.at, one]));
  weather.requestTrouble = (index) => hit(ofRequests.get(index));
  weather.eventTrouble = (index) => hit(ofEvents.get(index));
  for (const fault of faults) {
    if (fault.on !== "moment") continue;
    clock.after(fault.at, () => {
      happened(ledger, fault.trouble);
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

/** What a state lacks, or has too much; of changes in a hurry no more is told than what came of the last. */
function deviations(wanted: readonly string[], found: readonly string[], { isHurried, isDeprived }: Play) {
  const told = (state: readonly string[]): readonly string[] => {
    const kept = isDeprived ? withoutHistory(state) : state;
    return isHurried ? withoutPast(kept) : kept;
  };
  return difference(told(wanted), told(found));
}

/** No stands: nobody begins where something went wrong. */
async function untilEqual(world: World, wanted: readonly string[], play: Play): Promise<readonly Stand[]> {
  const untilMs = world.clock.monotonic() + restWithinMs;
  let [written, looked] = [-1, -1];
  while (world.clock.monotonic() < untilMs) {
    await world.advance(2_000);
    // A state that still changes is not looked at.
    const isCalm = written === world.changes;
    written = world.changes;
    if (!isCalm || looked === written) continue;
    if (deviations(wanted, endState(world.server), play).length === 0) return [];
    looked = written;
  }
  return [];
}

/** A creation that is carried out long after it was given up is one more, and what it made is deleted once more. */
function told(acts: readonly string[], faults: Play["faults"]): readonly string[] {
  return faults.some(({ trouble }) => trouble === "late") ? [...new Set(acts)] : acts;
}

/** What is wrong with what a phase came to. */
export function judged(found: PhaseReference, reference: PhaseReference | undefined, play: Play): readonly string[] {
  if (reference === undefined) return [];
  const { changes, faults } = play;
  const differences = deviations(reference.endState, found.endState, play);
  if (differences.length > 0)
    return [`${restWithinMs} ms after the last fault the state is not what it would be without`, ...differences];
  const isDisturbed = faults.some((one) => one.on === "moment" && disturbing.has(one.trouble));
  // While an old ModelDeployment is still in sight its children are made anew, for garbage collection to take.
  const deletes = changes.some(({ act }) => act.kind === "delete");
  if (play.isHurried || isDisturbed || deletes || play.isDeprived) return [];
  if (JSON.stringify(told(reference.acts, faults)) === JSON.stringify(told(found.acts, faults))) return [];
  return [`created and deleted ${found.acts.join(", ")}; without faults ${reference.acts.join(", ")}`];
}
