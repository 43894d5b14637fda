import { describe, expect, test } from "vitest";
import type { ModelDeployment } from "../../../../crds/v1alpha1/model-deployment.ts";
import { annotations } from "../../../../operator/model-deployment/resources/labels.ts";
import { rolloutSection } from "../../../../operator/pages/model/rollout-section.ts";

const atRest: ModelDeployment = {
  apiVersion: "modelwright.dev/v1alpha1",
  kind: "ModelDeployment",
  metadata: { name: "digits", namespace: "vision" },
  spec: {
    model: { source: { configMap: { name: "m", key: "m.h5" } } },
    rollout: { canary: { steps: [{ setWeight: 10 }, { pause: {} }, { analyze: { duration: "1m" } }] } },
  },
  status: { stable: { revision: "aaa", version: "1", weight: 100 } },
};
const underWay: ModelDeployment = {
  ...atRest,
  status: {
    stable: { revision: "aaa", version: "1", weight: 90 },
    candidate: { revision: "bbb", version: "2", weight: 10 },
    step: 1,
    rollout: {
      strategy: "Canary",
      steps: 3,
      paused: true,
      analysis: {
        verdict: "None",
        message: "12 of 50 requests",
        divergence: { compared: 7, differing: 1, maxAbsolute: "0.5", topOneAgreement: "86" },
      },
    },
    capacity: { mode: "Swap", why: "no GPU is free" },
  },
};

/** Markup as a browser shows it, a line an element. */
function shown(deployment: ModelDeployment, showCommands = true): readonly string[] {
  return rolloutSection(deployment, showCommands)
    .html.replaceAll(/<[^>]+>/g, "\n")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

describe("rolloutSection", () => {
  test("is empty without a rollout", () => expect(shown(atRest)).toEqual([]));

  test("shows weights, steps, capacity mode, analysis and the buttons that apply", () => {
    expect(shown(underWay)).toEqual([
      "Rollout",
      "stable 1: 90 %",
      "candidate 2: 10 %",
      "Canary, waits for a promotion · capacity Swap: no GPU is free",
      "set weight 10 %",
      "pause until promoted",
      "analyze for 1m",
      "Analysis:",
      "no verdict yet",
      "12 of 50 requests",
      "Responses compared",
      "7",
      "Of these, differing",
      "1",
      "Largest difference",
      "0.5",
      "Same first choice",
      "86 %",
      "Promote",
      "Promote fully",
      "Abort",
      "Pause",
    ]);
  });

  test("marks completed steps and the current one", () => {
    const classes = [...rolloutSection(underWay, false).html.matchAll(/<li class="(\w+)">/g)].map(([, name]) => name);
    expect(classes).toEqual(["past", "now", "next"]);
  });

  test("offers to resume while it is paused by hand, and shows no buttons when commands are disabled", () => {
    const metadata = { ...underWay.metadata, annotations: { [annotations.pause]: "x" } };
    expect(shown({ ...underWay, metadata }).slice(-2)).toEqual(["Abort", "Resume"]);
    expect(shown(underWay, false).slice(-1)).toEqual(["86 %"]);
  });

  test("lists failed revisions and offers a retry", () => {
    const failedRevisions = [{ revision: "bbb", reason: "ProgressDeadline", message: "took longer than 10m" }];
    expect(shown({ ...atRest, status: { ...atRest.status, failedRevisions } })).toEqual([
      "Rollout",
      "Failed, not tried again:",
      "bbb",
      "ProgressDeadline",
      "took longer than 10m",
      "Retry",
    ]);
  });
});
