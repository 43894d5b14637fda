import type { Clock } from "../../runtime/base/clock.ts";

/** First what a user asked for, then what changed of itself, then what is only looked at again. */
const priorities = ["asked", "changed", "resync"] as const;

/** A key goes before every key of a later priority. */
export type Priority = (typeof priorities)[number];

/** The more urgent of two. */
export function soonerOf(one: Priority | undefined, other: Priority): Priority {
  return one !== undefined && priorities.indexOf(one) < priorities.indexOf(other) ? one : other;
}

export interface LineOptions {
  readonly clock: Clock;
  /** Told whenever the number of waiting keys has changed. */
  readonly onDepth?: (depth: number) => void;
  /** Told how long a key waited when it is taken. */
  readonly onWaited?: (waitedMs: number) => void;
}

/** Waiting keys, each once, first come first served within a priority. */
export interface Line {
  length(): number;
  push(key: string, priority: Priority): void;
  shift(): string | undefined;
  clear(): void;
}

/** An empty line. */
export function createLine({ clock, onDepth, onWaited }: LineOptions): Line {
  const lanes = priorities.map((priority) => ({ priority, sinceMs: new Map<string, number>() }));
  const laneOf = (key: string): (typeof lanes)[number] | undefined => lanes.find(({ sinceMs }) => sinceMs.has(key));
  const length = (): number => lanes.reduce((sum, { sinceMs }) => sum + sinceMs.size, 0);
  return {
    length,
    push(key, priority) {
      const known = laneOf(key);
      if (known !== undefined && soonerOf(known.priority, priority) === known.priority) return;
      const waitsSinceMs = known?.sinceMs.get(key);
      known?.sinceMs.delete(key);
      lanes[priorities.indexOf(priority)]?.sinceMs.set(key, waitsSinceMs ?? clock.monotonic());
      if (known === undefined) onDepth?.(length());
    },
    shift() {
      for (const { sinceMs } of lanes) {
        for (const [key, waitsSinceMs] of sinceMs) {
          sinceMs.delete(key);
          onWaited?.(clock.monotonic() - waitsSinceMs);
          onDepth?.(length());
          return key;
        }
      }
      return undefined;
    },
    clear() {
      if (length() === 0) return;
      for (const { sinceMs } of lanes) sinceMs.clear();
      onDepth?.(0);
    },
  };
}
