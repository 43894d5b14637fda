import type { Clock } from "../../runtime/base/clock.ts";

/** One timer per key; of several the soonest counts. */
export interface Delays {
  start(key: string, delayMs: number): void;
  /** Cancels all; nothing starts any more. */
  clear(): void;
}

/** No timers yet; `onDue` is told each key at its time. */
export function createDelays(clock: Clock, onDue: (key: string) => void): Delays {
  const timers = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  let isCleared = false;
  return {
    start(key, delayMs) {
      if (isCleared) return;
      const dueMs = clock.monotonic() + delayMs;
      const known = timers.get(key);
      if (known !== undefined && known.dueMs <= dueMs) return;
      known?.cancel();
      const cancel = clock.after(delayMs, () => {
        timers.delete(key);
        onDue(key);
      });
      timers.set(key, { dueMs, cancel });
    },
    clear() {
      isCleared = true;
      for (const { cancel } of timers.values()) cancel();
      timers.clear();
    },
  };
}
