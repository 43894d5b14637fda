import { type Clock, sleepBy } from "../../../runtime/base/clock.ts";

/** A simulated operator process, which can be paused, resumed and killed, and whose clock can be wrong. */
export interface Process {
  /** The process's clock. Timers don't fire while the process is paused or dead. */
  readonly clock: Clock;
  readonly isAlive: boolean;
  /** Settles like the promise, but not while the process is paused, and never once it is dead. */
  delivered<T>(promise: Promise<T>): Promise<T>;
  pause(): void;
  resume(): void;
  /** Moves the wall clock by `ms`. */
  jump(ms: number): void;
  /** Like SIGKILL: nothing of the process runs afterwards. */
  kill(): void;
  onKilled(callback: () => void): void;
}

export function createProcess(world: Clock): Process {
  let isAlive = true;
  let isPaused = false;
  let skewMs = 0;
  let waiting: (() => void)[] = [];
  const killCallbacks: (() => void)[] = [];
  const run = (callback: () => void): void => {
    if (!isAlive) return;
    if (isPaused) waiting.push(callback);
    else callback();
  };
  const after = (ms: number, callback: () => void): (() => void) => {
    let isCancelled = false;
    const cancel = world.after(ms, () =>
      run(() => {
        if (!isCancelled) callback();
      }),
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  };
  return {
    clock: { now: () => world.now() + skewMs, monotonic: () => world.monotonic(), after, sleep: sleepBy(after) },
    get isAlive() {
      return isAlive;
    },
    delivered: (promise) =>
      new Promise((resolve, reject) => {
        promise.then(
          (value) => run(() => resolve(value)),
          (thrown: unknown) => run(() => reject(thrown instanceof Error ? thrown : new Error(String(thrown)))),
        );
      }),
    pause: () => void (isPaused = true),
    resume() {
      isPaused = false;
      const due = waiting;
      waiting = [];
      for (const callback of due) run(callback);
    },
    jump: (ms) => void (skewMs += ms),
    kill() {
      isAlive = false;
      waiting = [];
      for (const end of killCallbacks) end();
    },
    onKilled: (callback) => void killCallbacks.push(callback),
  };
}
