import type { Clock } from "../../base/clock.ts";
import type { HoldPolicy } from "../../contract/route-table.ts";
import { faults } from "../faults.ts";

interface Waiter {
  readonly sizeBytes: number;
  readonly release: () => void;
}

/** Requests of one ModelDeployment that wait because nothing is ready. First come, first served. */
export interface Hold {
  readonly waiters: Set<Waiter>;
  waitingBytes: number;
}

export function emptyHold(): Hold {
  return { waiters: new Set(), waitingBytes: 0 };
}

interface Wait {
  readonly key: string;
  readonly policy: HoldPolicy;
  /** Bytes the request announced (its body stays unread in the socket meanwhile). */
  readonly sizeBytes: number;
  /** Aborts when the client leaves: its place is free at once. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * Resolves when the route has a ready endpoint again. Throws `HoldFull` at once when the bounds of the policy are reached,
 * `HoldTimedOut` at its deadline, and the signal's reason when the client has left.
 */
export async function heldUntilReady(hold: Hold, wait: Wait): Promise<void> {
  const { policy, key, sizeBytes } = wait;
  const full = hold.waiters.size >= policy.maxRequests || hold.waitingBytes + sizeBytes > policy.maxBytes;
  if (full) throw faults.HoldFull({ key, waiting: hold.waiters.size });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const waiter: Waiter = { sizeBytes, release: resolve };
  const left = (): void => reject(wait.signal.reason);
  const cancelTimer = wait.clock.after(policy.timeoutMs, () =>
    reject(faults.HoldTimedOut({ key, timeoutMs: policy.timeoutMs })),
  );
  wait.signal.addEventListener("abort", left, { once: true });
  hold.waiters.add(waiter);
  hold.waitingBytes += sizeBytes;
  try {
    await promise;
  } finally {
    cancelTimer();
    wait.signal.removeEventListener("abort", left);
    hold.waiters.delete(waiter);
    hold.waitingBytes -= sizeBytes;
  }
}

/** Lets all waiting requests go on, in the order in which they came. */
export function releaseHeld(hold: Hold): void {
  for (const waiter of hold.waiters) waiter.release();
}
