import { describe, expect, test } from "vitest";
import type { HpaBehavior } from "../../../../operator/autoscale/baselines/hpa-behavior.ts";
import {
  aged,
  externalAverage,
  hpaMemory,
  hpaStep,
  type HpaTolerance,
} from "../../../../operator/autoscale/baselines/hpa.ts";
import { vectorRows } from "../vectors.ts";

interface Run {
  readonly behavior: HpaBehavior | null;
  readonly min: number;
  readonly max: number;
  readonly proposed: readonly number[];
  readonly start: number;
  readonly tickSeconds: number;
}

function countsOf({ behavior, min, max, proposed, start, tickSeconds }: Run): readonly number[] {
  if (behavior === null) return [];
  let memory = hpaMemory(start);
  let current = start;
  return proposed.map((proposal, index) => {
    if (index > 0) memory = aged(memory, tickSeconds);
    const step = hpaStep({ behavior, bounds: { min, max } }, memory, { current, proposed: proposal });
    ({ memory, replicas: current } = step);
    return current;
  });
}

describe("hpaStep", () => {
  const rows = vectorRows<Run, { replicas: readonly number[] }>("hpa-runs").filter((row) => row.in.behavior !== null);
  test.each(rows)("$id ($source)", ({ in: given, out }) => {
    expect(countsOf(given)).toEqual(out.replicas);
  });
});

interface External {
  readonly kind: string;
  readonly statusReplicas: number;
  readonly metric?: number;
  readonly metrics?: readonly number[];
  readonly targetPerPod: number;
  readonly tolerance: HpaTolerance;
}

describe("externalAverage", () => {
  const rows = vectorRows<External, { replicas: number }>("hpa-object-external").filter(
    (row) => row.in.kind.endsWith("Average") && "replicas" in row.out,
  );
  test.each(rows)("$id ($source)", ({ in: given, out }) => {
    const sum = given.metric ?? (given.metrics ?? []).reduce((sum, metric) => sum + metric, 0);
    expect(externalAverage(sum, given, given.tolerance)).toBe(out.replicas);
  });
});
