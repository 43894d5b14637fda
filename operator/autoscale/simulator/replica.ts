/** One simulated replica; its running requests share its speed (processor sharing). */
export interface Replica {
  readonly orderedMs: number;
  readonly readyMs: number;
  isReady: boolean;
  /** Whether it takes no more requests and is removed when its last one has ended. */
  isDraining: boolean;
  running: number;
  /** Work done for a request that has run here from the start, in milliseconds at full speed. */
  workMs: number;
  /** Time at which `workMs` was computed. */
  settledMs: number;
  /** When the next running request ends; infinite when none runs. */
  nextEndMs: number;
  /** workMs at which each running request ends, ascending. */
  readonly endsAtWorkMs: number[];
  /** When each of them began, in the same order. */
  readonly beganMs: number[];
}

/** An idle replica that is still starting. */
export function replica(orderedMs: number, readyMs: number): Replica {
  return {
    orderedMs,
    readyMs,
    isReady: false,
    isDraining: false,
    running: 0,
    workMs: 0,
    settledMs: 0,
    nextEndMs: Number.POSITIVE_INFINITY,
    endsAtWorkMs: [],
    beganMs: [],
  };
}

/**
 * Advances a replica to `nowMs`: all its requests run equally fast, so one number tracks the work of each. Also predicts the next
 * end, which stays valid until a request begins or ends.
 */
export function settle(one: Replica, nowMs: number, slowdown: number): void {
  const [endsAtWorkMs] = one.endsAtWorkMs;
  if (endsAtWorkMs === undefined) {
    one.settledMs = nowMs;
    one.nextEndMs = Number.POSITIVE_INFINITY;
    return;
  }
  const slowness = 1 + slowdown * (one.running - 1);
  one.workMs += (nowMs - one.settledMs) / slowness;
  one.settledMs = nowMs;
  one.nextEndMs = nowMs + Math.max(0, endsAtWorkMs - one.workMs) * slowness;
}

/** Adds a request to a settled replica. */
export function beginService(one: Replica, serviceMs: number, nowMs: number): void {
  const endsAtWorkMs = one.workMs + serviceMs;
  let at = one.running;
  while (at > 0 && (one.endsAtWorkMs[at - 1] ?? 0) > endsAtWorkMs) at -= 1;
  one.endsAtWorkMs.splice(at, 0, endsAtWorkMs);
  one.beganMs.splice(at, 0, nowMs);
  one.running += 1;
}

/** Ends the request that is due; returns how long it ran, in milliseconds. */
export function endService(one: Replica, nowMs: number): number {
  one.endsAtWorkMs.shift();
  one.running -= 1;
  return nowMs - (one.beganMs.shift() ?? nowMs);
}
