import { type Clock, sleepBy } from "../../../runtime/base/clock.ts";

/** What a process knows of the world outside: it can be stopped, woken up and killed at any moment, and told a wrong time. */
export interface Process {
  /** The process's own clock: silent while it is paused and for ever once it is dead. */
  readonly clock: Clock;
  readonly isAlive: boolean;
  /** Settles as the promise does, but not while the process is paused, and never once it is dead. */
  heard<T>(promise: Promise<T>): Promise<T>;
  pause(): void;
  resume(): void;
  /** Sets its wall clock on by `ms`. */
  jump(ms: number): void;
  /** As SIGKILL: nothing of it runs from here on. */
  kill(): void;
  onKilled(callback: () => void): void;
}

export function createProcess(world: Clock): Process {
  let isAlive = true;
  let isPaused = false;
  let skewMs = 0;
  let waiting: (() => void)[] = [];
  const endings: (() => void)[] = [];
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
    heard: (promise) =>
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
      for (const end of endings) end();
    },
    onKilled: (callback) => void endings.push(callback),
  };
}
