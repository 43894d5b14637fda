import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";

/** Demand and replicas of a model at one time. */
export interface ScalingPoint {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** Offered concurrency; undefined before it is measured. */
  readonly offered: number | undefined;
  readonly desired: number;
  readonly ready: number;
}

/** The last hour of every autoscaled model, sampled from its status. */
export interface ScalingHistory {
  /** Adds a point for each ModelDeployment and drops the history of deleted ones. */
  sample(deployments: readonly ModelDeployment[], nowMs: number): void;
  of(uid: string): readonly ScalingPoint[];
}

/** Interval of the samples. */
export const sampleEveryMs = 5_000;
const keptMs = 3_600_000;

export function createScalingHistory(): ScalingHistory {
  const points = new Map<string, ScalingPoint[]>();
  return {
    sample(deployments, nowMs) {
      const present = new Set<string>();
      for (const deployment of deployments) {
        const { uid = "" } = deployment.metadata;
        const point = pointOf(deployment, nowMs);
        if (point === undefined) continue;
        present.add(uid);
        const known = points.get(uid) ?? [];
        points.set(uid, [...known.filter(({ atMs }) => nowMs - atMs <= keptMs), point]);
      }
      for (const uid of points.keys()) if (!present.has(uid)) points.delete(uid);
    },
    of: (uid) => points.get(uid) ?? [],
  };
}

function pointOf({ status = {} }: ModelDeployment, atMs: number): ScalingPoint | undefined {
  const { desired, signal } = status.autoscaling ?? {};
  if (desired === undefined) return undefined;
  const ready = [status.stable, status.candidate].reduce((sum, revision) => sum + (revision?.ready ?? 0), 0);
  return { atMs, offered: signal === undefined ? undefined : Number(signal), desired, ready };
}
