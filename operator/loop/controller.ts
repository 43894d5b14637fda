import { type Clock, systemClock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import { type Log, silentLog } from "../../runtime/base/log.ts";
import { createCooperativeYield } from "./cooperative-yield.ts";
import type { Priority } from "./priority-queue.ts";
import { createQueue, type QueueOptions } from "./queue.ts";

/** What a reconcile has to say. One that wrote nothing may throw its fault instead. */
export interface Outcome {
  /** Why it did not come to its end: the key is tried again as the fault asks. */
  readonly failure?: Fault;
  /** Come back after this long, changed or not. */
  readonly requeueAfterMs?: number;
  /**
   * Settles when the cache has seen what this reconcile wrote. Until then, and for `awaitingCapMs` at most, the key is
   * not taken again, so that no reconcile decides on a state from before its own writes.
   */
  readonly awaiting?: Promise<void>;
}

/** How runs and queue are told to metrics. */
export interface LoopMetrics {
  reconciled(run: { controller: string; outcome: "done" | "failed"; code?: string; durationMs: number }): void;
  queueDepth(controller: string, depth: number): void;
  queueWaited(controller: string, waitedMs: number): void;
}

/** What a controller does with keys, and how many at a time. */
export interface ControllerOptions {
  /** For logs and metrics. */
  readonly name: string;
  /** Brings what the key names to its wanted state. `signal` aborts when `stop` does not wait any longer. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Outcome>;
  /** How many keys are worked on at the same time. Default 4. */
  readonly workers?: number;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly metrics?: LoopMetrics;
  /** Default 10 s. */
  readonly awaitingCapMs?: number;
  /** How long `stop` waits for keys that are worked on. Default 30 s. */
  readonly stopCapMs?: number;
  /**
   * Lets the event loop turn; called after every quarter of a millisecond of work. Keys of `addAll` then leave half of the time to
   * other programs. Absent: keys follow each other without a turn.
   */
  readonly yieldToEventLoop?: (() => Promise<void>) | undefined;
}

/** Workers on a queue of keys. Keys may be added before `start`. */
export interface Controller {
  /** Keys that wait. */
  readonly depth: number;
  /** True when no key waits, is worked on or held. */
  readonly isIdle: boolean;
  add(key: string, priority?: Priority): void;
  /** Looks at all of these, after everything else that waits. */
  addAll(keys: () => readonly string[]): void;
  addAfter(key: string, delayMs: number): void;
  /** Takes keys, until `pause` or `stop`. */
  start(): void;
  /** Takes no key until the next `start`; what is worked on goes on. */
  pause(): void;
  /** Takes no key any more; resolves when the running ones are done, or after `stopCapMs`. */
  stop(): Promise<void>;
}

/** A controller that waits for `start`. */
export function createController(options: ControllerOptions): Controller {
  const { name, clock = systemClock, log = silentLog, metrics, workers = 4 } = options;
  const { awaitingCapMs = 10_000, stopCapMs = 30_000 } = options;
  const queue = createQueue({ clock, isPatient: options.yieldToEventLoop !== undefined, ...told(name, metrics) });
  const breath = options.yieldToEventLoop && createCooperativeYield(clock, options.yieldToEventLoop);
  const stopping = new AbortController();
  let running: Promise<void>[] = [];

  const attempt = async (key: string): Promise<Outcome> => {
    const startedMs = clock.monotonic();
    const outcome = await contained(() => options.reconcile(key, stopping.signal));
    const durationMs = clock.monotonic() - startedMs;
    const { failure } = outcome;
    if (failure === undefined) {
      metrics?.reconciled({ controller: name, outcome: "done", durationMs });
    } else {
      metrics?.reconciled({ controller: name, outcome: "failed", code: failure.code, durationMs });
      log[failure.level]("reconcile failed", { controller: name, key, code: failure.code, cause: failure.sentence });
    }
    return outcome;
  };
  const settle = (key: string, { failure, requeueAfterMs, awaiting }: Outcome): void => {
    if (failure === undefined) queue.forget(key);
    else queue.retry(key, failure.retry);
    if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs);
    if (awaiting === undefined) queue.done(key);
    else holdUntil(awaiting, { clock, capMs: awaitingCapMs, release: () => queue.done(key) });
  };
  const work = async (): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      settle(key, await attempt(key));
      const pause = breath?.pause();
      if (pause !== undefined) await pause;
    }
  };

  return {
    get depth() {
      return queue.depth;
    },
    get isIdle() {
      return queue.isIdle;
    },
    add: (key, priority) => queue.add(key, priority),
    addAll: (keys) => queue.addAll(keys),
    addAfter: (key, delayMs) => queue.addAfter(key, delayMs),
    start() {
      queue.hold(false);
      if (running.length === 0) running = Array.from({ length: workers }, work);
    },
    pause: () => queue.hold(true),
    async stop() {
      queue.close();
      await endOrCap(Promise.all(running), clock, stopCapMs);
      stopping.abort();
    },
  };
}

function told(name: string, metrics: LoopMetrics | undefined): Pick<QueueOptions, "onDepth" | "onWaited"> {
  return {
    onDepth: (depth) => metrics?.queueDepth(name, depth),
    onWaited: (waitedMs) => metrics?.queueWaited(name, waitedMs),
  };
}

/** The border: whatever a reconcile throws becomes a fault, so that one key cannot end the loop. */
async function contained(run: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await run();
  } catch (thrown) {
    return { failure: Fault.from(thrown) };
  }
}

async function endOrCap(end: Promise<unknown>, clock: Clock, capMs: number): Promise<void> {
  const ended = new AbortController();
  await Promise.race([end, clock.sleep(capMs, ended.signal)]);
  ended.abort();
}

interface Hold {
  readonly clock: Clock;
  readonly capMs: number;
  readonly release: () => void;
}

/** Calls `release` once: when the promise settles either way, or after the cap. */
function holdUntil(settled: Promise<void>, { clock, capMs, release }: Hold): void {
  let isReleased = false;
  const once = (): void => {
    if (isReleased) return;
    isReleased = true;
    cancel();
    release();
  };
  const cancel = clock.after(capMs, once);
  settled.then(once, once);
}
