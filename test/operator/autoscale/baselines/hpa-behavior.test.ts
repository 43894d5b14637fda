import { describe, expect, test } from "vitest";
import {
  downLimit,
  type HpaBehavior,
  type HpaBounds,
  type HpaEvent,
  type HpaRecommendation,
  type HpaRules,
  rated,
  stabilized,
  upLimit,
} from "../../../../operator/autoscale/baselines/hpa-behavior.ts";
import { vectorRows } from "../vectors.ts";

interface Events {
  readonly upEvents: readonly HpaEvent[];
  readonly downEvents: readonly HpaEvent[];
}

const noRules: HpaRules = { policies: [], selectPolicy: "Max", stabilizationWindowSeconds: 0 };

function eventsOf({ upEvents, downEvents }: Events) {
  return { up: upEvents, down: downEvents };
}

interface Stabilize {
  readonly current: number;
  readonly desired: number;
  readonly upWindowSeconds: number;
  readonly downWindowSeconds: number;
  readonly recommendations: readonly HpaRecommendation[];
}

describe("stabilized", () => {
  test.each(vectorRows<Stabilize, { replicas: number }>("hpa-stabilize"))("$id ($source)", ({ in: given, out }) => {
    const behavior: HpaBehavior = {
      scaleUp: { ...noRules, stabilizationWindowSeconds: given.upWindowSeconds },
      scaleDown: { ...noRules, stabilizationWindowSeconds: given.downWindowSeconds },
    };
    expect(stabilized(behavior, given.current, given.desired, given.recommendations)).toBe(out.replicas);
  });
});

interface Up extends Events {
  readonly current: number;
  readonly scaleUp: HpaRules;
}

interface Down extends Events {
  readonly current: number;
  readonly scaleDown: HpaRules;
}

describe("limits", () => {
  test.each(vectorRows<Up, { limit: number }>("hpa-up-limit"))("$id ($source)", ({ in: given, out }) => {
    expect(upLimit(given.scaleUp, given.current, eventsOf(given))).toBe(out.limit);
  });

  test.each(vectorRows<Down, { limit: number }>("hpa-down-limit"))("$id ($source)", ({ in: given, out }) => {
    expect(downLimit(given.scaleDown, given.current, eventsOf(given))).toBe(out.limit);
  });
});

type Rate = Events & HpaBehavior & HpaBounds & { readonly current: number; readonly desired: number };

describe("rated", () => {
  test.each(vectorRows<Rate, { replicas: number }>("hpa-rate"))("$id ($source)", ({ in: given, out }) => {
    expect(rated(given, given, eventsOf(given), given)).toBe(out.replicas);
  });
});
