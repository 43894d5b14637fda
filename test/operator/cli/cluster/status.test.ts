import { expect, test } from "vitest";
import type { Condition, ModelDeployment } from "../../../../crds/v1alpha1/model-deployment.ts";
import { isSettled } from "../../../../operator/cli/cluster/status.ts";
import { modelDeployment } from "../../../builders/model-deployment.ts";

const candidate = { revision: "bbb", version: "2", weight: 100 };
const conditions = (...types: readonly string[]): Condition[] =>
  types.map((type) => ({
    type,
    status: "True",
    reason: "AsDeclared",
    message: "",
    observedGeneration: 1,
    lastTransitionTime: "2030-01-01T00:00:00Z",
  }));

const cases: Readonly<Record<string, { given: ModelDeployment["status"]; want: boolean }>> = {
  "not before an operator has observed it": { given: {}, want: false },
  "not while only an earlier spec was observed": { given: { observedGeneration: 0 }, want: false },
  "when it is as declared": { given: { observedGeneration: 1, conditions: conditions("Ready") }, want: true },
  "not during a rollout": { given: { observedGeneration: 1, candidate }, want: false },
  "not while it is reconciling": {
    given: { observedGeneration: 1, conditions: conditions("Reconciling") },
    want: false,
  },
  "when its first revision needs a human": {
    given: { observedGeneration: 1, candidate, conditions: conditions("Stalled") },
    want: true,
  },
};

test.each(Object.entries(cases))("a ModelDeployment is settled: %s", (_sentence, { given, want }) => {
  expect(isSettled({ ...modelDeployment(), ...(given === undefined ? {} : { status: given }) })).toBe(want);
});
