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
  const waiting = { changed: new Map<string, number>(), resync: new Map<string, number>() };
  const active = new Set<string>();
  const dirty = new Map<string, Priority>();
  const delays = new Map<string, Delay>();
  const takers: ((key: string | undefined) => void)[] = [];
  let isClosed = false;

  const depth = (): number => waiting.changed.size + waiting.resync.size;
  const first = (): string | undefined => {
    for (const keys of [waiting.changed, waiting.resync]) {
      for (const [key, sinceMs] of keys) {
        keys.delete(key);
        active.add(key);
        onWaited?.(clock.monotonic() - sinceMs);
        return key;
      }
    }
    return undefined;
  };
  const enqueue = (key: string, priority: Priority): void => {
    if (waiting.changed.has(key) || (priority === "resync" && waiting.resync.has(key))) return;
    const sinceMs = waiting.resync.get(key) ?? clock.monotonic();
    waiting.resync.delete(key);
    waiting[priority].set(key, sinceMs);
    if (takers.length > 0) takers.shift()?.(first());
    onDepth?.(depth());
  };
  const add = (key: string, priority: Priority = "changed"): void => {
    if (isClosed) return;
    if (!active.has(key)) enqueue(key, priority);
    else if (dirty.get(key) !== "changed") dirty.set(key, priority);
  };
  const addAfter = (key: string, delayMs: number): void => {
    if (isClosed) return;
    const dueMs = clock.monotonic() + delayMs;
    const known = delays.get(key);
    if (known !== undefined && known.dueMs <= dueMs) return;
    known?.cancel();
    const cancel = clock.after(delayMs, () => {
      delays.delete(key);
      add(key);
    });
    delays.set(key, { dueMs, cancel });
  };

  return {
    get depth() {
      return depth();
    },
    get isIdle() {
      return depth() === 0 && active.size === 0;
    },
    add,
    addAfter,
    retry(key, retry) {
      if (retry === "never") backoff.forget(key);
      else addAfter(key, retry === "backoff" ? backoff.next(key) : retry.afterMs);
    },
    forget: (key) => backoff.forget(key),
    take() {
      if (isClosed) return Promise.resolve(undefined);
      const key = first();
      if (key === undefined) return new Promise((resolve) => takers.push(resolve));
      onDepth?.(depth());
      return Promise.resolve(key);
    },
    done(key) {
      active.delete(key);
      const priority = dirty.get(key);
      dirty.delete(key);
      if (priority !== undefined && !isClosed) enqueue(key, priority);
    },
    close() {
      isClosed = true;
      for (const { cancel } of delays.values()) cancel();
      delays.clear();
      waiting.changed.clear();
      waiting.resync.clear();
      for (const resolve of takers.splice(0)) resolve(undefined);
      onDepth?.(0);
    },
  };
}

interface Delay {
  readonly dueMs: number;
  readonly cancel: () => void;
}
