import { expect, test } from "vitest";
import type { Condition, ModelDeployment } from "../../../../crds/v1alpha1/model-deployment.ts";
import { isSettled } from "../../../../operator/cli/cluster/shown-status.ts";
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
  "what no operator has seen is not": { given: {}, want: false },
  "what an operator saw of an earlier spec is not": { given: { observedGeneration: 0 }, want: false },
  "what is as declared is": { given: { observedGeneration: 1, conditions: conditions("Ready") }, want: true },
  "a rollout is not": { given: { observedGeneration: 1, candidate }, want: false },
  "what is reconciled is not": { given: { observedGeneration: 1, conditions: conditions("Reconciling") }, want: false },
  "a first revision that needs a human is": {
    given: { observedGeneration: 1, candidate, conditions: conditions("Stalled") },
    want: true,
  },
};

test.each(Object.entries(cases))("settled: %s", (_sentence, { given, want }) => {
  expect(isSettled({ ...modelDeployment(), ...(given === undefined ? {} : { status: given }) })).toBe(want);
});
