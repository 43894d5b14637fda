import { describe, expect, test } from "vitest";
import type { RolloutSpec } from "../../../../../../crds/v1alpha1/rollout/rollout.ts";
import {
  deadlineMs,
  scaleDownDelayMs,
  spelledDuration,
  stepName,
  type Strategy,
  strategy,
} from "../../../../../../operator/model-deployment/plan/rollout/steps/strategy.ts";
import { modelDeployment } from "../../../../../builders/model-deployment.ts";

const spec = (rollout?: RolloutSpec) => modelDeployment(rollout === undefined ? {} : { rollout }).spec;

const cases: Readonly<Record<string, { given?: RolloutSpec; want: Strategy }>> = {
  "without one all pods are replaced as soon as the new ones are ready": { want: { name: "Canary", steps: [] } },
  "a canary has its steps": {
    given: {
      canary: {
        steps: [
          { setWeight: 10 },
          { pause: {} },
          { pause: { duration: "1m30s" } },
          { analyze: {} },
          { analyze: { duration: "10s", minimumRequests: 9 } },
        ],
      },
    },
    want: {
      name: "Canary",
      steps: [
        { kind: "setWeight", weight: 10 },
        { kind: "pause" },
        { kind: "pause", durationMs: 90_000 },
        { kind: "analyze", durationMs: 60_000 },
        { kind: "analyze", durationMs: 10_000, minimumRequests: 9 },
      ],
    },
  },
  "blue-green promotes automatically": { given: { blueGreen: {} }, want: { name: "BlueGreen", steps: [] } },
  "or waits with all pods and without requests": {
    given: { blueGreen: { autoPromote: false } },
    want: { name: "BlueGreen", steps: [{ kind: "setWeight", weight: 0 }, { kind: "pause" }] },
  },
  "recreate has no steps": { given: { recreate: {} }, want: { name: "Recreate", steps: [] } },
};

describe("the strategy of a spec", () => {
  test.each(Object.entries(cases))("%s", (_sentence, { given, want }) => {
    expect(strategy(spec(given))).toEqual(want);
  });

  test("names its steps as users write them", () => {
    const { steps } = strategy(spec(cases["a canary has its steps"]?.given));
    expect(steps.map(stepName)).toEqual(["setWeight 10", "pause", "pause 1m30s", "analyze 1m", "analyze 10s"]);
  });

  test("has the documented default times", () => {
    expect([deadlineMs(spec()), scaleDownDelayMs(spec()), scaleDownDelayMs(spec({ blueGreen: {} }))]).toEqual([
      600_000, 0, 30_000,
    ]);
  });
});

test("durations are formatted in the API's grammar", () => {
  expect([0, 1_500, 90_000, 3_600_000, 5_430_000].map(spelledDuration)).toEqual([
    "0s",
    "1.5s",
    "1m30s",
    "1h",
    "1h30m30s",
  ]);
});
