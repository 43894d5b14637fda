import type { Clock } from "../../runtime/base/clock.ts";
import type { Retry } from "../../runtime/base/fault.ts";
import { createBackoff } from "./backoff.ts";

/** A `changed` key goes before every `resync` key. */
export type Priority = "changed" | "resync";

export interface QueueOptions {
  readonly clock: Clock;
  /** Told whenever the number of waiting keys has changed. */
  readonly onDepth?: (depth: number) => void;
  /** Told how long a key waited when it is taken. */
  readonly onWaited?: (waitedMs: number) => void;
}

/**
 * Keys that need work. A key waits at most once, and is worked on by at most one worker: added while it is worked on, it
 * waits again as soon as it is done.
 */
export interface Queue {
  /** Keys that wait; not those that are worked on or delayed. */
  readonly depth: number;
  /** True when no key waits or is worked on. Delayed keys do not count. */
  readonly isIdle: boolean;
  /** Default priority: changed. */
  add(key: string, priority?: Priority): void;
  /** Adds the key later. Of several delays of a key the soonest counts. */
  addAfter(key: string, delayMs: number): void;
  /** Adds a failed key later, as its fault asks; `never` leaves it alone until it is added again. */
  retry(key: string, retry: Retry): void;
  /** The key did not fail: its next failure is its first. */
  forget(key: string): void;
  /** The next key; undefined after `close`. Every key taken must be `done`. */
  take(): Promise<string | undefined>;
  done(key: string): void;
  /** Hands out no key any more and drops all delays. */
  close(): void;
}

/** An empty queue. */
export function createQueue({ clock, onDepth, onWaited }: QueueOptions): Queue {
  const backoff = createBackoff(clock);
  const line = createLine(clock);
  /** Keys that are worked on; the value is how they were added meanwhile. */
  const inHand = new Map<string, Priority | undefined>();
  const takers: ((key: string | undefined) => void)[] = [];
  let isClosed = false;

  const handOut = (): void => {
    while (takers.length > 0) {
      const next = line.shift();
      if (next === undefined) break;
      inHand.set(next.key, undefined);
      onWaited?.(next.waitedMs);
      takers.shift()?.(next.key);
    }
    onDepth?.(line.length());
  };
  const add = (key: string, priority: Priority = "changed"): void => {
    if (isClosed) return;
    if (inHand.has(key)) {
      if (inHand.get(key) !== "changed") inHand.set(key, priority);
      return;
    }
    line.push(key, priority);
    handOut();
  };
  const delays = createDelays(clock, add);

  return {
    get depth() {
      return line.length();
    },
    get isIdle() {
      return line.length() === 0 && inHand.size === 0;
    },
    add,
    addAfter: (key, delayMs) => delays.start(key, delayMs),
    retry(key, retry) {
      if (retry === "never") backoff.forget(key);
      else delays.start(key, retry === "backoff" ? backoff.next(key) : retry.afterMs);
    },
    forget: (key) => backoff.forget(key),
    take: () =>
      new Promise((resolve) => {
        if (isClosed) return resolve(undefined);
        takers.push(resolve);
        handOut();
      }),
    done(key) {
      const priority = inHand.get(key);
      inHand.delete(key);
      if (priority !== undefined) add(key, priority);
    },
    close() {
      isClosed = true;
      delays.clear();
      line.clear();
      for (const resolve of takers.splice(0)) resolve(undefined);
      onDepth?.(0);
    },
  };
}

/** Waiting keys, each once, first come first served within a priority. */
interface Line {
  length(): number;
  push(key: string, priority: Priority): void;
  shift(): { readonly key: string; readonly waitedMs: number } | undefined;
  clear(): void;
}

function createLine(clock: Clock): Line {
  const changed = new Map<string, number>();
  const resync = new Map<string, number>();
  return {
    length: () => changed.size + resync.size,
    push(key, priority) {
      if (changed.has(key) || (priority === "resync" && resync.has(key))) return;
      const sinceMs = resync.get(key) ?? clock.monotonic();
      resync.delete(key);
      (priority === "changed" ? changed : resync).set(key, sinceMs);
    },
    shift() {
      const lane = changed.size > 0 ? changed : resync;
      for (const [key, sinceMs] of lane) {
        lane.delete(key);
        return { key, waitedMs: clock.monotonic() - sinceMs };
      }
      return undefined;
    },
    clear() {
      changed.clear();
      resync.clear();
    },
  };
}

/** One timer per key. */
interface Delays {
  start(key: string, delayMs: number): void;
  /** Cancels all; nothing starts any more. */
  clear(): void;
}

function createDelays(clock: Clock, onDue: (key: string) => void): Delays {
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
