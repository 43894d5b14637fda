import type { Fault } from "../../base/fault.ts";
import { faults } from "../faults.ts";
import { isServable, type Wish } from "./choice.ts";
import type { LiveRoute } from "./live.ts";

/** A request that waits because nothing that it may go to is ready. */
export interface Waiter {
  readonly wish: Wish;
  /** Bytes that its body announced (it stays unread in the socket meanwhile). */
  readonly sizeBytes: number;
  /** When it came. */
  readonly sinceMs: number;
  /** Lets it go on: it no longer waits when this is called. */
  readonly release: () => void;
  /** Ends it: nothing will be ready for it any more. */
  readonly dismiss: (fault: Fault) => void;
}

/** Requests of one ModelDeployment that wait. First come, first served. */
export interface Hold {
  readonly waiters: Set<Waiter>;
  /** Those that had been let go and found nothing ready after all: they go before the others. */
  readonly returned: Set<Waiter>;
  waitingBytes: number;
  /** While waiting requests are let go little by little: how many may be with pods at a time. 0: nobody is let go. */
  window: number;
}

/**
 * As many go to each ready pod at once: about what fills a first batch. From then on each answer lets two go, as TCP's slow
 * start does, so that a pod gets more as fast as it answers.
 */
const firstWindow = 16;

/** Requests that wait. */
export function queued({ hold }: Held): number {
  return hold === undefined ? 0 : hold.waiters.size + hold.returned.size;
}

/** What may hold requests: most routes never do, and there are thousands of them. */
export interface Held {
  /** Absent until the first one waits, and from when the last one goes. */
  hold: Hold | undefined;
}

/** How many wait, and for how long the oldest has. */
export function waitingFigures(held: Held, nowMs: number): { queued: number; oldestWaitMs: number } {
  const { hold } = held;
  if (hold === undefined) return { queued: 0, oldestWaitMs: 0 };
  let sinceMs = nowMs;
  for (const waiter of hold.returned) sinceMs = Math.min(sinceMs, waiter.sinceMs);
  const [first] = hold.waiters;
  if (first !== undefined) sinceMs = Math.min(sinceMs, first.sinceMs);
  return { queued: queued(held), oldestWaitMs: nowMs - sinceMs };
}

/** True when a request has to wait though something is ready: others came before, and there is room to wait behind them. */
export function hasOthersBefore(live: LiveRoute): boolean {
  return live.hold !== undefined && live.hold.window > 0 && queued(live) < live.route.hold.maxRequests;
}

/** Lets a request wait. Throws `HoldFull` when the bounds of the policy are reached. */
export function enterHold(live: LiveRoute, waiter: Waiter): void {
  const { maxRequests, maxBytes } = live.route.hold;
  const waiting = queued(live);
  const isFull = waiting >= maxRequests || (live.hold?.waitingBytes ?? 0) + waiter.sizeBytes > maxBytes;
  if (isFull) throw faults.HoldFull({ key: live.route.key, waiting });
  const hold = opened(live);
  hold.waiters.add(waiter);
  hold.waitingBytes += waiter.sizeBytes;
}

/** Lets a request that had waited or been sent before wait on, before those that came later. It has its place already. */
export function returnToHold(live: LiveRoute, waiter: Waiter): void {
  const hold = opened(live);
  hold.returned.add(waiter);
  hold.waitingBytes += waiter.sizeBytes;
}

/** Frees the place of a request. False when it had none any more. */
export function leaveHold(live: LiveRoute, waiter: Waiter): boolean {
  const { hold } = live;
  if (hold === undefined || (!hold.waiters.delete(waiter) && !hold.returned.delete(waiter))) return false;
  hold.waitingBytes -= waiter.sizeBytes;
  if (queued(live) === 0) live.hold = undefined;
  return true;
}

/** To be called when the route changed: when somebody can go now, letting go begins. */
export function releaseHeld(live: LiveRoute): void {
  const { hold, revisions } = live;
  if (hold === undefined) return;
  let pods = 0;
  for (const revision of revisions) pods += revision.pods.length;
  hold.window = pods === 0 ? 0 : Math.max(hold.window, firstWindow * pods);
  releaseSome(live, hold);
}

/** To be called when the route has gone: who waits is told so instead of waiting on. */
export function dismissHeld({ hold }: Held, fault: Fault): void {
  if (hold === undefined) return;
  for (const waiter of [...hold.returned, ...hold.waiters]) waiter.dismiss(fault);
}

/** To be called when a pod has answered: it can take more than was thought. */
export function widenWindow(live: LiveRoute, by: number): void {
  const { hold } = live;
  if (hold === undefined || hold.window === 0) return;
  hold.window += by;
  releaseSome(live, hold);
}

/** Lets go, in order, whom the window has room for. */
function releaseSome(live: LiveRoute, hold: Hold): void {
  for (const waiters of [hold.returned, hold.waiters]) {
    for (const waiter of waiters) {
      if (live.traffic.admitted >= hold.window) return;
      if (isServable(live, waiter.wish) && leaveHold(live, waiter)) waiter.release();
    }
  }
  hold.window = 0; // Who waits still waits for a revision that has nothing ready.
}

function opened(held: Held): Hold {
  held.hold ??= { waiters: new Set(), returned: new Set(), waitingBytes: 0, window: 0 };
  return held.hold;
}
