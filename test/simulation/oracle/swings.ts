import type { StoredSet } from "./truth.ts";

/** Notices a ReplicaSet that operators scale to and fro. */
export interface Swings {
  /** What is scaled from here on is scaled as a user asks for it, who has asked for something else before. */
  asked(): void;
  /**
   * What is wrong with an operator's scaling; undefined: nothing. Each of the `disturbances` so far, a killed pod for one,
   * is a reason to scale the other way.
   */
  scaled(set: StoredSet, nowMs: number, disturbances: number): string | undefined;
}

/** Whoever leads, and whatever they see: a ReplicaSet is not scaled four times within this time, each time the other way. */
const withinMs = 2_000;
const mostTurns = 1;

export function createSwings(): Swings {
  const scalings = new Map<string, readonly { readonly replicas: number; readonly atMs: number }[]>();
  let known = 0;
  return {
    asked: () => scalings.clear(),
    scaled({ metadata: { uid, name }, spec: { replicas = 1 } }, nowMs, disturbances) {
      if (disturbances !== known) scalings.clear();
      known = disturbances;
      const recent = (scalings.get(uid) ?? []).filter(({ atMs }) => atMs > nowMs - withinMs);
      const series = [...recent, { replicas, atMs: nowMs }];
      scalings.set(uid, series);
      const ways = series.slice(1).map((one, index) => Math.sign(one.replicas - (series[index]?.replicas ?? 0)));
      const turns = ways.slice(1).filter((way, index) => way !== ways[index]).length;
      return turns <= mostTurns
        ? undefined
        : `scaled ${name} to and fro: ${series.map((one) => one.replicas).join(", ")}`;
    },
  };
}
