import type { Clock } from "../../runtime/base/clock.ts";

/** First what a user asked for, then what changed of itself, then what is only looked at again. */
const priorities = ["requested", "changed", "resync"] as const;

/** A key goes before every key of a later priority. */
export type Priority = (typeof priorities)[number];

/** The more urgent of two. */
export function moreUrgent(one: Priority | undefined, other: Priority): Priority {
  return one !== undefined && priorities.indexOf(one) < priorities.indexOf(other) ? one : other;
}

/** Who is told how long the line is. */
export interface PriorityQueueOptions {
  readonly clock: Clock;
  /** Told whenever the number of waiting keys has changed. */
  readonly onDepth?: (depth: number) => void;
  /** Told how long a key waited when it is taken. */
  readonly onWaited?: (waitedMs: number) => void;
  /** Keys told of by `pushAll` come with rests in between, and this is told at the end of each. Absent: they come without. */
  readonly onRested?: (() => void) | undefined;
}

/** Waiting keys, each once, first come first served within a priority. */
export interface PriorityQueue {
  length(): number;
  push(key: string, priority: Priority): void;
  /** Behind all others these keys, one by one; told anew before the last one has come, they come once more. */
  pushAll(keys: () => readonly string[]): void;
  shift(): string | undefined;
  clear(): void;
}

/** An empty line. */
export function createPriorityQueue({ clock, onDepth, onWaited, onRested }: PriorityQueueOptions): PriorityQueue {
  const lanes = priorities.map((priority) => ({ priority, sinceMs: new Map<string, number>() }));
  const laneOf = (key: string): (typeof lanes)[number] | undefined => lanes.find(({ sinceMs }) => sinceMs.has(key));
  const round = createRound(clock);
  const stretch = onRested && createStretch(clock, onRested);
  const length = (): number => lanes.reduce((sum, { sinceMs }) => sum + sinceMs.size, round.length());
  const left = (key: string, sinceMs: number): string => {
    onWaited?.(clock.monotonic() - sinceMs);
    onDepth?.(length());
    return key;
  };
  return {
    length,
    push(key, priority) {
      const known = laneOf(key);
      if (known !== undefined && moreUrgent(known.priority, priority) === known.priority) return;
      const waitsSinceMs = known?.sinceMs.get(key);
      known?.sinceMs.delete(key);
      lanes[priorities.indexOf(priority)]?.sinceMs.set(key, waitsSinceMs ?? clock.monotonic());
      if (known === undefined) onDepth?.(length());
    },
    pushAll(keys) {
      round.begin(keys);
      onDepth?.(length());
    },
    shift() {
      for (const { sinceMs } of lanes) {
        for (const [key, waitsSinceMs] of sinceMs) {
          sinceMs.delete(key);
          return left(key, waitsSinceMs);
        }
      }
      const next = round.length() === 0 || stretch?.isOver() === true ? undefined : round.shift();
      return next && left(next.key, next.sinceMs);
    },
    clear() {
      if (length() === 0) return;
      for (const { sinceMs } of lanes) sinceMs.clear();
      round.clear();
      onDepth?.(0);
    },
  };
}

/** Keys that all are to come once. */
interface Round {
  length(): number;
  begin(keys: () => readonly string[]): void;
  shift(): { readonly key: string; readonly sinceMs: number } | undefined;
  clear(): void;
}

/**
 * Thousands that are looked at again, and again before that is done, would hold up what changed while they are put into
 * lanes: they only stand here as they are.
 */
function createRound(clock: Clock): Round {
  let keys: readonly string[] = [];
  let next = 0;
  let sinceMs = 0;
  let again: { readonly keys: () => readonly string[]; readonly sinceMs: number } | undefined;
  const start = (more: typeof again): void => {
    keys = more?.keys() ?? [];
    sinceMs = more?.sinceMs ?? 0;
    next = 0;
    again = undefined;
  };
  return {
    length: () => keys.length - next + (again === undefined ? 0 : keys.length),
    begin(more) {
      const wanted = { keys: more, sinceMs: clock.monotonic() };
      if (next === keys.length) start(wanted);
      else again ??= wanted;
    },
    shift() {
      const key = keys[next];
      if (key === undefined) return undefined;
      const shifted = { key, sinceMs };
      next += 1;
      if (next === keys.length) start(again);
      return shifted;
    },
    clear: () => start(undefined),
  };
}

/** A rest is as long as timers are exact; ten thousand are looked at within a second all the same. */
const workMs = 1;
const restMs = 1;

/** Work that nobody waits for, up to its next rest. */
interface Stretch {
  /** To be asked before each piece of work: none is to be done before the next `onRested`. */
  isOver(): boolean;
}

/**
 * Who never sleeps gets the processor later than others when it is to do what somebody waits for, and keeps these from it: thousands
 * that are looked at again take half of a core.
 */
function createStretch(clock: Clock, onRested: () => void): Stretch {
  let begunMs: number | undefined;
  let isResting = false;
  return {
    isOver() {
      if (isResting) return true;
      const nowMs = clock.monotonic();
      begunMs ??= nowMs;
      if (nowMs - begunMs < workMs) return false;
      isResting = true;
      clock.after(restMs, () => {
        isResting = false;
        begunMs = undefined;
        onRested();
      });
      return true;
    },
  };
}
