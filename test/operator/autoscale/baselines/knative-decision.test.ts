import { describe, expect, test } from "vitest";
import {
  initialKnativeState,
  knativeDecision,
  type KnativeSpec,
  type KnativeState,
} from "../../../../operator/autoscale/baselines/knative-decision.ts";
import { vectorRows } from "../vectors.ts";

interface In {
  readonly spec: KnativeSpec;
  readonly start: { readonly panicking: boolean; readonly panicSecondsAgo?: number; readonly mostPanicPods?: number };
  readonly steps: readonly {
    readonly at: number;
    readonly ready: number;
    readonly stable: number;
    readonly panic: number;
    readonly noData?: boolean;
    readonly readyUnknown?: boolean;
    readonly spec?: KnativeSpec;
  }[];
}

interface Out {
  readonly desired: number;
  readonly excessBurstCapacity: number;
  readonly panicking: boolean;
  readonly valid: boolean;
}

function answers({ spec, start, steps }: In): Pick<Out, "desired" | "panicking">[] {
  let state: KnativeState = start.panicking
    ? { ...initialKnativeState, panicAt: -(start.panicSecondsAgo ?? 0), mostPanicPods: start.mostPanicPods ?? 0 }
    : initialKnativeState;
  let current = spec;
  return steps.map((step) => {
    current = { ...current, ...step.spec };
    if (step.noData === true || step.readyUnknown === true)
      return { desired: 0, panicking: state.panicAt !== undefined };
    const answer = knativeDecision(current, step, state);
    ({ state } = answer);
    return { desired: answer.desired, panicking: state.panicAt !== undefined };
  });
}

describe.each(["knative-decision", "knative-sequence"])("%s", (name) => {
  const rows = vectorRows<In, readonly Out[]>(name);
  test.each(rows)("$id ($source)", ({ in: given, out }) => {
    const want = out.map(({ desired, panicking, valid }) => ({ desired: valid ? desired : 0, panicking }));
    expect(answers(given)).toEqual(want);
  });
});
