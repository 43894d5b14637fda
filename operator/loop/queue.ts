import type { Retry } from "../../runtime/base/fault.ts";
import { createBackoff } from "./backoff.ts";
import { createDelays } from "./delays.ts";
import { createPriorityQueue, type PriorityQueueOptions, type Priority, moreUrgent } from "./priority-queue.ts";

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
  /** Behind all others these keys, each at least once from now on. */
  addAll(keys: () => readonly string[]): void;
  /** Adds the key later. Of several delays of a key the soonest counts. */
  addAfter(key: string, delayMs: number): void;
  /** Adds a failed key later, as its fault asks; `never` leaves it alone until it is added again. */
  retry(key: string, retry: Retry): void;
  /** The key did not fail: its next failure is its first. */
  forget(key: string): void;
  /** The next key; undefined after `close`. Every key taken must be `done`. */
  take(): Promise<string | undefined>;
  done(key: string): void;
  /** While held it hands out no key; keys may be added. */
  hold(isHeld: boolean): void;
  /** Hands out no key any more and drops all delays. */
  close(): void;
}

export interface QueueOptions extends Omit<PriorityQueueOptions, "onRested"> {
  /** Keys of `addAll` leave half of the time to other programs. Default false. */
  readonly isPatient?: boolean;
}

/** An empty queue. */
export function createQueue({ isPatient = false, ...options }: QueueOptions): Queue {
  const backoff = createBackoff(options.clock);
  const line = createPriorityQueue({ ...options, onRested: isPatient ? () => counter.serve() : undefined });
  /** Keys that are worked on; the value is how they were added meanwhile. */
  const inHand = new Map<string, Priority | undefined>();
  const next = (): string | undefined => {
    let key = line.shift();
    // One of a round may be worked on: it has to wait until that is done.
    for (; key !== undefined && inHand.has(key); key = line.shift()) {
      inHand.set(key, moreUrgent(inHand.get(key), "resync"));
    }
    if (key !== undefined) inHand.set(key, undefined);
    return key;
  };
  const counter = createCounter(next);
  let isClosed = false;

  const add = (key: string, priority: Priority = "changed"): void => {
    if (isClosed) return;
    if (inHand.has(key)) {
      inHand.set(key, moreUrgent(inHand.get(key), priority));
      return;
    }
    line.push(key, priority);
    counter.serve();
  };
  const delays = createDelays(options.clock, add);

  return {
    get depth() {
      return line.length();
    },
    get isIdle() {
      return line.length() === 0 && inHand.size === 0;
    },
    add,
    addAll(keys) {
      if (isClosed) return;
      line.pushAll(keys);
      counter.serve();
    },
    addAfter: (key, delayMs) => delays.start(key, delayMs),
    retry(key, retry) {
      if (retry === "never") backoff.forget(key);
      else delays.start(key, retry === "backoff" ? backoff.next(key) : retry.afterMs);
    },
    forget: (key) => backoff.forget(key),
    take: () => counter.take(),
    done(key) {
      const priority = inHand.get(key);
      inHand.delete(key);
      if (priority !== undefined) add(key, priority);
    },
    hold: (isHeld) => counter.hold(isHeld),
    close() {
      isClosed = true;
      delays.clear();
      line.clear();
      counter.close();
    },
  };
}

/** Where keys are handed out, to those who came first. */
interface Counter {
  /** Hands out what waits to those who wait. */
  serve(): void;
  hold(isHeld: boolean): void;
  take(): Promise<string | undefined>;
  /** Sends everybody away. */
  close(): void;
}

function createCounter(next: () => string | undefined): Counter {
  const takers: ((key: string | undefined) => void)[] = [];
  let isHeld = false;
  let isClosed = false;
  const serve = (): void => {
    if (isHeld) return;
    while (takers.length > 0) {
      const key = next();
      if (key === undefined) break;
      takers.shift()?.(key);
    }
  };
  return {
    serve,
    hold(isHeldNow) {
      isHeld = isHeldNow;
      serve();
    },
    take: () =>
      new Promise((resolve) => {
        if (isClosed) return resolve(undefined);
        takers.push(resolve);
        serve();
      }),
    close() {
      isClosed = true;
      for (const resolve of takers.splice(0)) resolve(undefined);
    },
  };
}
