import type { Clock } from "../../base/clock.ts";
import { queued, widenWindow } from "../routing/hold.ts";
import type { LiveRoute } from "../routing/live.ts";

/** An operator that was away when the first request came hears of the next call. */
const againMs = 1_000;

/**
 * To be told of each request that begins to wait: calls for a pod at once, and again every second while somebody waits. In
 * the same second it lets twice as many go as before to pods that are slow to answer.
 */
export function wakeCalls(clock: Clock, wake: (key: string) => void): (live: LiveRoute) => void {
  const cancels = new Map<LiveRoute, () => void>();
  const call = (live: LiveRoute): void => {
    if (queued(live) === 0) {
      cancels.delete(live);
      return;
    }
    const window = live.hold?.window ?? 0;
    if (window === 0) wake(live.route.key);
    else widenWindow(live, window);
    cancels.set(
      live,
      clock.after(againMs, () => call(live)),
    );
  };
  return (live) => {
    const isFirst = queued(live) === 1;
    if (!isFirst && cancels.has(live)) return;
    cancels.get(live)?.();
    call(live);
  };
}
