/** What working off a backlog depends on. */
export interface Drain {
  readonly kappa: number;
  /** Arrivals per second. */
  readonly rate: number;
  /** Requests that would run if none waited. */
  readonly offered: number;
  /** Seconds of a request, requests that one replica runs, and how many of them at full worth. */
  readonly serviceSeconds: number;
  readonly slots: number;
  readonly capacity: number;
  readonly coldStartSeconds: number;
  readonly lateAfterSeconds: number;
}

/** Part of the computed surplus that is ordered: the load may well have ended when it is ready. */
const boldness = 0.6;
/** A backlog is not worked off in less. */
const shortestDrainSeconds = 5;
const longestLookSeconds = 120;

/**
 * Replicas that work off a backlog at the least cost; 0 when nothing waits too long. While it lasts every arrival is late,
 * so e surplus replicas cost e times the start and save the rest: min over e of e · L + κ · rate · q · S / (e · c).
 */
export function drainReplicas(drain: Drain, state: { readonly waiting: number; readonly ready: number }): number {
  const { kappa, rate, offered, serviceSeconds, capacity, coldStartSeconds, lateAfterSeconds } = drain;
  const running = state.ready * capacity;
  if (state.waiting <= 0 || state.waiting * serviceSeconds <= lateAfterSeconds * Math.max(capacity, running)) return 0;
  const look = Math.min(coldStartSeconds, longestLookSeconds) / 2;
  const backlog = state.waiting + (look * Math.max(0, offered - running)) / serviceSeconds;
  const work = (backlog * serviceSeconds) / capacity;
  const surplus = boldness * Math.sqrt((kappa * Math.max(rate, 0.01) * work) / Math.max(coldStartSeconds, 10));
  return Math.ceil(offered / capacity + Math.min(surplus, work / shortestDrainSeconds));
}
