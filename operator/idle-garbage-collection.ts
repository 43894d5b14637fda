import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "../runtime/base/clock.ts";

/** What is looked at and what is done about it. */
export interface IdleCollectionOptions {
  readonly clock: Clock;
  /** Whether nothing waits and nothing is worked on. */
  readonly isIdle: () => boolean;
  /** Bytes of the heap in use, garbage included. */
  readonly heapBytes: () => number;
  /** Collects all garbage and returns free memory to the system, at once. */
  readonly collect: () => void;
}

/** It has to be idle at two looks, so that a collection does not fall into a pause between two changes. */
const lookEveryMs = 10_000;

/** Less garbage than this is not worth the pause: 0.1 s with 3,000 objects. */
const worthBytes = 16 * 1024 * 1024;

/**
 * Collects what a burst of work has left behind, once the operator is at rest. V8 does not: it collects when more is allocated,
 * and of 3,000 objects that were read or made 23 and 32 MB stayed resident for as long as nothing happened. Returns how to stop.
 */
export function collectGarbageWhenIdle({ clock, isIdle, heapBytes, collect }: IdleCollectionOptions): () => void {
  let wasIdle = false;
  let keptBytes = 0;
  let cancel = (): void => {};
  const look = (): void => {
    const isIdleNow = isIdle();
    const isAtRest = isIdleNow && wasIdle;
    wasIdle = isIdleNow;
    if (isAtRest && heapBytes() > keptBytes + worthBytes) {
      collect();
      keptBytes = heapBytes();
    }
    cancel = clock.after(lookEveryMs, look);
  };
  cancel = clock.after(lookEveryMs, look);
  return () => cancel();
}

/**
 * Collects all garbage and returns free memory to the system. V8's function for that is exposed here, late: with the flag on the
 * command line `main.ts --help` took 190 instead of 160 ms of processor time.
 */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as NodeJS.GCFunction; // a context that is made with the flag has it
  collect({ type: "major", flavor: "last-resort" });
}
