import type { Clock } from "../../base/clock.ts";
import { heldCount, widenWindow } from "../routing/hold.ts";
import type { LiveRoute } from "../routing/live-route.ts";

/** Repeat interval: an operator that was away when the first request arrived gets a later message. */
const repeatMs = 1_000;

/**
 * Returns a callback for held requests: it sends a `wake` message at once and every second while requests are held. Once pods
 * are ready but slow, it doubles the window of released requests every second instead.
 */
export function wakeMessages(clock: Clock, wake: (key: string) => void): (live: LiveRoute) => void {
  const cancels = new Map<LiveRoute, () => void>();
  const send = (live: LiveRoute): void => {
    if (heldCount(live) === 0) {
      cancels.delete(live);
      return;
    }
    const window = live.hold?.window ?? 0;
    if (window === 0) wake(live.route.key);
    else widenWindow(live, window);
    cancels.set(
      live,
      clock.after(repeatMs, () => send(live)),
    );
  };
  return (live) => {
    const isFirst = heldCount(live) === 1;
    if (!isFirst && cancels.has(live)) return;
    cancels.get(live)?.();
    send(live);
  };
}
