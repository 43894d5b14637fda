import { difference, endState, withoutHistory, withoutPast } from "./oracle/end-state.ts";
import type { Extent } from "./schedule/draw.ts";
import type { Change, TimedFault, ScheduledFault } from "./schedule/schedule.ts";
import { checkpointTimesMs } from "./schedule/walk.ts";
import { actsSince, restMs, type Checkpoint, untilQuiet } from "./checkpoints.ts";
import { applyChange } from "./user.ts";
import { count, type Hits, type Ledger } from "./world/ledger.ts";
import { faultEffects } from "./world/timed-faults.ts";
import type { SavedState } from "./world/saved-state.ts";
import type { World } from "./world/world.ts";

/** The outcome of a phase; without faults it is the reference of other runs. */
export interface PhaseReference extends Extent {
  readonly endState: readonly string[];
  /** Creations and deletions of operators. */
  readonly acts: readonly string[];
  /** The state at the end of the phase, in which later phases can begin. */
  readonly state: SavedState;
  /** States between the changes of an overlapping phase: `afterMs` after the change before `index`. */
  readonly gapCheckpoints: readonly { readonly index: number; readonly afterMs: number; readonly state: SavedState }[];
  /** States after the only change of a sequential phase. */
  readonly checkpoints: readonly Checkpoint[];
}

/** Time limit for convergence after the last fault. */
const convergenceLimitMs = 240_000;
/** Faults after which more or fewer creations and deletions than in the reference are correct. */
const disturbing: ReadonlySet<TimedFault> = new Set(["delete-child", "edit-replica-set", "gateway-unready"]);

/** Faults that last for up to `lastingMs`. */
const lasting: ReadonlySet<TimedFault> = new Set(["second-leader", "kind-missing", "gateway-unready", "gateway-deaf"]);
const lastingMs = 23_000;
/** A crashed process has restarted by then, so that its remaining faults take effect. */
const restartMs = 5_000;

/** The changes and faults of a phase. */
export interface PhaseSpec {
  readonly changes: readonly Change[];
  /** Whether the changes are already made: the phase begins at a checkpoint. */
  readonly isResumed: boolean;
  /** Whether changes are made before the previous one has converged. */
  readonly isOverlapping: boolean;
  readonly faults: readonly ScheduledFault[];
  /** Whether a user has deleted a child: a ReplicaSet kept only for rollback is then not recreated, and an older one is kept instead. */
  readonly hasLostChild: boolean;
}

interface PhaseOptions {
  readonly reference: PhaseReference | undefined;
  readonly saved: () => SavedState;
}

/** Runs a phase until its state equals the reference, or without a reference until nothing is written any more. */
export async function runPhase(
  world: World,
  spec: PhaseSpec,
  { reference, saved }: PhaseOptions,
): Promise<PhaseReference> {
  const { faults } = spec;
  const { ledger, clock, activeFaults, server } = world;
  ledger.requests = 0;
  ledger.events = 0;
  world.isOverlapping = spec.isOverlapping;
  const writesBefore = ledger.writes.length;
  const startedMs = clock.monotonic();
  injectFaults(world, faults);
  const gapCheckpoints = await makeChanges(world, spec, reference === undefined ? saved : undefined);
  const lastFaultMs = Math.max(0, ...faults.map(({ on, at }) => (on === "time" ? at : 0)));
  if (faults.length > 0)
    await world.advance(Math.max(reference?.durationMs ?? 0, lastFaultMs - (clock.monotonic() - startedMs)));
  if (faults.some((one) => one.on === "time" && lasting.has(one.kind))) await world.advance(lastingMs);
  if (faults.some(({ kind }) => kind.startsWith("crash"))) await world.advance(restartMs);
  heal(world);
  // A wrong clock's effect on times in status shows at the next reconcile, which may not come by itself.
  if (faults.some(({ kind }) => kind.startsWith("clock"))) world.gateways.resync();
  const soFar = (): Checkpoint => ({
    requests: ledger.requests,
    events: ledger.events,
    durationMs: clock.monotonic() - startedMs,
    acts: actsSince(ledger, writesBefore),
    // States are saved only in runs without faults.
    state: reference?.state ?? saved(),
  });
  const written =
    reference === undefined ? await untilQuiet(world, soFar) : await untilEqual(world, reference.endState, spec);
  activeFaults.forcesRelist = false;
  const past = soFar();
  const { durationMs } = written.at(-1) ?? past;
  const checkpoints = spec.isOverlapping ? [] : written.slice(0, -1);
  return { ...past, durationMs: durationMs + restMs, endState: endState(server), gapCheckpoints, checkpoints };
}

/** Makes the changes of a phase. With `saved`, returns the states between them. */
async function makeChanges(
  world: World,
  { changes, isResumed, isOverlapping }: PhaseSpec,
  saved: PhaseOptions["saved"] | undefined,
): Promise<PhaseReference["gapCheckpoints"]> {
  if (isResumed) return [];
  const gapCheckpoints: PhaseReference["gapCheckpoints"][number][] = [];
  for (const [index, { gapMs, name, act }] of changes.entries()) {
    let waitedMs = 0;
    for (const afterMs of saved === undefined ? [gapMs] : checkpointTimesMs(gapMs)) {
      await world.advance(afterMs - waitedMs);
      waitedMs = afterMs;
      if (saved !== undefined && isOverlapping && index > 0) gapCheckpoints.push({ index, afterMs, state: saved() });
    }
    await applyChange(world, name, act).catch(() => {});
  }
  return gapCheckpoints;
}

function recordHit({ hits, onHit }: Ledger, kind: keyof Hits): void {
  count(hits, kind);
  onHit(kind);
}

function injectFaults(world: World, faults: readonly ScheduledFault[]): void {
  const { activeFaults, clock, ledger } = world;
  const hit = <T extends ScheduledFault>(found: T | undefined): T | undefined => {
    if (found !== undefined) recordHit(ledger, found.kind);
    return found;
  };
  const ofRequests = new Map(faults.filter((one) => one.on === "request").map((one) => [one.at, one]));
  const ofEvents = new Map(faults.filter((one) => one.on === "event").map((one) => [one.at, one]));
  activeFaults.requestFault = (index) => hit(ofRequests.get(index));
  activeFaults.eventFault = (index) => hit(ofEvents.get(index));
  for (const fault of faults) {
    if (fault.on !== "time") continue;
    clock.after(fault.at, () => {
      recordHit(ledger, fault.kind);
      void Promise.resolve(faultEffects[fault.kind](world, fault.amount)).catch(() => {});
    });
  }
}

/** Ends all faults: paused processes resume, and watches that lost an event must relist. */
function heal({ activeFaults, running, ledger }: World): void {
  activeFaults.requestFault = () => undefined;
  activeFaults.eventFault = () => undefined;
  activeFaults.outageUntilMs = 0;
  for (const { process } of running) process.resume();
  // A lost event is detected at the next event of the watch, which may not come by itself.
  if (ledger.hits.drop === undefined) return;
  activeFaults.forcesRelist = true;
  for (const one of running) one.closeIncomplete();
}

/** The differences from the reference; for overlapping changes only the outcome of the last one counts. */
function deviations(wanted: readonly string[], found: readonly string[], { isOverlapping, hasLostChild }: PhaseSpec) {
  const comparable = (state: readonly string[]): readonly string[] => {
    const kept = hasLostChild ? withoutHistory(state) : state;
    return isOverlapping ? withoutPast(kept) : kept;
  };
  return difference(comparable(wanted), comparable(found));
}

/** Waits until the state equals the reference. Returns no checkpoints: those are taken only in runs without faults. */
async function untilEqual(world: World, wanted: readonly string[], spec: PhaseSpec): Promise<readonly Checkpoint[]> {
  const untilMs = world.clock.monotonic() + convergenceLimitMs;
  let [written, compared] = [-1, -1];
  while (world.clock.monotonic() < untilMs) {
    await world.advance(2_000);
    // A state that still changes is not compared.
    const isUnchanged = written === world.changes;
    written = world.changes;
    if (!isUnchanged || compared === written) continue;
    if (deviations(wanted, endState(world.server), spec).length === 0) return [];
    compared = written;
  }
  return [];
}

/** A create that the server carries out after its time-out happens twice, and so does the deletion of the object. */
function comparableActs(acts: readonly string[], faults: PhaseSpec["faults"]): readonly string[] {
  return faults.some(({ kind }) => kind === "late") ? [...new Set(acts)] : acts;
}

/** The violations of a phase's outcome. */
export function phaseViolations(
  found: PhaseReference,
  reference: PhaseReference | undefined,
  spec: PhaseSpec,
): readonly string[] {
  if (reference === undefined) return [];
  const { changes, faults } = spec;
  const differences = deviations(reference.endState, found.endState, spec);
  if (differences.length > 0)
    return [
      `${convergenceLimitMs} ms after the last fault the state differs from the one without faults`,
      ...differences,
    ];
  const isDisturbed = faults.some((one) => one.on === "time" && disturbing.has(one.kind));
  // While a deleted ModelDeployment is still in the cache, its children are recreated and then garbage-collected.
  const deletes = changes.some(({ act }) => act.kind === "delete");
  if (spec.isOverlapping || isDisturbed || deletes || spec.hasLostChild) return [];
  if (JSON.stringify(comparableActs(reference.acts, faults)) === JSON.stringify(comparableActs(found.acts, faults)))
    return [];
  return [`created and deleted ${found.acts.join(", ")}; without faults ${reference.acts.join(", ")}`];
}
