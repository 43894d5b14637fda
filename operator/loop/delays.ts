import type { Clock } from "../../runtime/base/clock.ts";

/** One timer per key; when started several times, the earliest wins. */
export interface Delays {
  start(key: string, delayMs: number): void;
  /** Cancels all timers for good: later starts are ignored. */
  clear(): void;
}

/** No timers yet; `onDue` is called with each key when its timer fires. */
export function createDelays(clock: Clock, onDue: (key: string) => void): Delays {
  const timers = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  let isCleared = false;
  return {
    start(key, delayMs) {
      if (isCleared) return;
      const dueMs = clock.monotonic() + delayMs;
      const pending = timers.get(key);
      if (pending !== undefined && pending.dueMs <= dueMs) return;
      pending?.cancel();
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
