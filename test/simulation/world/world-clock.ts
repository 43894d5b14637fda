import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import { type Clock, sleepBy } from "../../../runtime/base/clock.ts";

/** A simulated clock that moves only by `advance`. Timers due at the same time fire in the order of their creation. */
export interface WorldClock extends Clock {
  /** Advances by `ms` and fires the timers that become due; after each timer all resulting promises settle. */
  advance(ms: number): Promise<void>;
}

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

setFlagsFromString("--allow-natives-syntax");
/** Runs pending microtasks; a turn of Node's event loop would take thirty times as long. */
const settle = runInThisContext("() => %PerformMicrotaskCheckpoint()") as () => void; // as written

/** Creates a clock whose wall clock starts at `startMs` and monotonic clock at 0. */
export function createWorldClock(startMs: number = Date.UTC(2030, 0, 1)): WorldClock {
  const timers: Timer[] = [];
  let elapsedMs = 0;
  let order = 0;
  const after = (ms: number, callback: () => void): (() => void) => {
    const timer: Timer = { dueMs: elapsedMs + Math.max(0, ms), order: order++, callback };
    push(timers, timer);
    return () => void (timer.callback = undefined);
  };
  const run = (untilMs: number): void => {
    settle();
    for (let first = timers[0]; first !== undefined && first.dueMs <= untilMs; first = timers[0]) {
      pop(timers);
      if (first.callback === undefined) continue;
      elapsedMs = first.dueMs;
      first.callback();
      settle();
    }
    elapsedMs = untilMs;
  };
  return {
    now: () => startMs + elapsedMs,
    monotonic: () => elapsedMs,
    after,
    sleep: sleepBy(after),
    // Microtasks cannot be run from within a microtask, hence setImmediate.
    advance: (ms) =>
      new Promise((resolve, reject) => {
        setImmediate(() => {
          try {
            run(elapsedMs + ms);
            resolve();
          } catch (thrown) {
            reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
          }
        });
      }),
  };
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.dueMs === other.dueMs ? one.order < other.order : one.dueMs < other.dueMs;
}

/** Pushes a timer onto a binary heap. */
function push(heap: Timer[], timer: Timer): void {
  let place = heap.length;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || isBefore(above, timer)) break;
    heap[place] = above;
    place = parent;
  }
  heap[place] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let place = 0;
  for (;;) {
    const left = 2 * place + 1;
    const [one, other] = [heap[left], heap[left + 1]];
    const isRight = one !== undefined && other !== undefined && isBefore(other, one);
    const below = isRight ? other : one;
    if (below === undefined || isBefore(last, below)) break;
    heap[place] = below;
    place = isRight ? left + 1 : left;
  }
  heap[place] = last;
}
