import { describe, expect, test } from "vitest";
import type { Condition } from "../../../crds/v1alpha1/model-deployment.ts";
import { disagreement, isWaitOver, kstatus, type KStatus, type Readable } from "./kstatus.ts";
import { goldenStates } from "./golden-states.ts";

const condition = (type: string, status: Condition["status"], observedGeneration = 1) => ({
  type,
  status,
  observedGeneration,
});
const state = (observedGeneration: number | undefined, ...conditions: ReturnType<typeof condition>[]): Readable => ({
  metadata: { generation: 1 },
  status: { ...(observedGeneration === undefined ? {} : { observedGeneration }), conditions },
});

/** The rules, one per row: the results of kstatus and kubectl wait. */
const rules: Readonly<Record<string, { given: Readable; want: readonly [KStatus, boolean] }>> = {
  "an object that no controller has seen is not done, thanks to the default of status": {
    given: { metadata: { generation: 1 }, status: { observedGeneration: -1 } },
    want: ["InProgress", false],
  },
  "an object without that default would count as done": {
    given: { metadata: { generation: 1 } },
    want: ["Current", false],
  },
  "a state of an earlier generation does not count": {
    given: { metadata: { generation: 2 }, status: { observedGeneration: 1, conditions: [condition("Ready", "True")] } },
    want: ["InProgress", false],
  },
  "a condition of an earlier generation does not count": {
    given: { metadata: { generation: 2 }, status: { conditions: [condition("Ready", "True")] } },
    want: ["Current", false],
  },
  "an object that is being deleted": {
    given: { metadata: { generation: 1, deletionTimestamp: "2030-01-01T00:00:00Z" } },
    want: ["Terminating", false],
  },
  Ready: { given: state(1, condition("Ready", "True")), want: ["Current", true] },
  "not Ready": { given: state(1, condition("Ready", "False")), want: ["InProgress", false] },
  "Ready unknown": { given: state(1, condition("Ready", "Unknown")), want: ["InProgress", false] },
  Stalled: { given: state(1, condition("Ready", "False"), condition("Stalled", "True")), want: ["Failed", false] },
  "Reconciling comes before Ready": {
    given: state(1, condition("Ready", "True"), condition("Reconciling", "True")),
    want: ["InProgress", true],
  },
  "the first of Reconciling and Stalled counts": {
    given: state(1, condition("Stalled", "True"), condition("Reconciling", "True")),
    want: ["Failed", false],
  },
};

describe("how other tools read a status", () => {
  test.each(Object.entries(rules))("%s", (_sentence, { given, want }) => {
    expect([kstatus(given), isWaitOver(given)]).toEqual(want);
  });
});

describe("kstatus and kubectl wait agree", () => {
  const states = goldenStates();

  test("on every state of the stories", () => {
    const disagreements = states.map(({ story, object }) => [story, disagreement(object)]);
    expect(disagreements.filter(([, why]) => why !== undefined)).toEqual([]);
    expect(states.length).toBeGreaterThanOrEqual(40);
    expect(new Set(states.map(({ object }) => kstatus(object)))).toEqual(new Set(["Current", "InProgress", "Failed"]));
  });

  test("on each of them after a change of the spec, which is not done", () => {
    const changed = states.map(({ object }) => ({ ...object, metadata: { generation: 2 } }));
    expect(changed.filter((object) => kstatus(object) !== "InProgress" || isWaitOver(object))).toEqual([]);
  });
});
