import type { Clock } from "../../runtime/base/clock.ts";

/** A `changed` key goes before every `resync` key. */
export type Priority = "changed" | "resync";

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
  const changed = new Map<string, number>();
  const resync = new Map<string, number>();
  const length = (): number => changed.size + resync.size;
  const takeFrom = (lane: Map<string, number>): string | undefined => {
    for (const [key, sinceMs] of lane) {
      lane.delete(key);
      onWaited?.(clock.monotonic() - sinceMs);
      onDepth?.(length());
      return key;
    }
    return undefined;
  };
  return {
    length,
    push(key, priority) {
      if (changed.has(key) || (priority === "resync" && resync.has(key))) return;
      const sinceMs = resync.get(key);
      resync.delete(key);
      (priority === "changed" ? changed : resync).set(key, sinceMs ?? clock.monotonic());
      if (sinceMs === undefined) onDepth?.(length());
    },
    shift: () => takeFrom(changed) ?? takeFrom(resync),
    clear() {
      if (length() === 0) return;
      changed.clear();
      resync.clear();
      onDepth?.(0);
    },
  };
}
