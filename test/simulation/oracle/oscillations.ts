import type { StoredSet } from "./ground-truth.ts";

/** Detects a ReplicaSet that operators scale back and forth. */
export interface Oscillations {
  /** Forgets earlier scalings: the spec has changed. */
  specChanged(): void;
  /**
   * Records an operator's scaling and returns a violation or undefined. A new disturbance, such as a killed pod, resets the
   * history: it is a reason to reverse the direction.
   */
  scaled(set: StoredSet, nowMs: number, disturbances: number): string | undefined;
}

/** Even two leaders with stale views never scale a ReplicaSet four times within this time, reversing the direction each time. */
const withinMs = 2_000;
const maxReversals = 1;

export function createOscillations(): Oscillations {
  const scalings = new Map<string, readonly { readonly replicas: number; readonly atMs: number }[]>();
  let known = 0;
  return {
    specChanged: () => scalings.clear(),
    scaled({ metadata: { uid, name }, spec: { replicas = 1 } }, nowMs, disturbances) {
      if (disturbances !== known) scalings.clear();
      known = disturbances;
      const recent = (scalings.get(uid) ?? []).filter(({ atMs }) => atMs > nowMs - withinMs);
      const series = [...recent, { replicas, atMs: nowMs }];
      scalings.set(uid, series);
      const directions = series.slice(1).map((one, index) => Math.sign(one.replicas - (series[index]?.replicas ?? 0)));
      const reversals = directions.slice(1).filter((direction, index) => direction !== directions[index]).length;
      return reversals <= maxReversals
        ? undefined
        : `scaled ${name} back and forth: ${series.map((one) => one.replicas).join(", ")}`;
    },
  };
}
