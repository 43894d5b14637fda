import { describe, expect, test } from "vitest";
import type { ModelDeployment } from "../../../../crds/v1alpha1/model-deployment.ts";
import { createScalingHistory } from "../../../../operator/pages/model/scaling-history.ts";
import { scalingSection } from "../../../../operator/pages/model/scaling-section.ts";

const digits = (desired: number, ready: number, signal?: string): ModelDeployment => ({
  apiVersion: "modelwright.dev/v1alpha1",
  kind: "ModelDeployment",
  metadata: { name: "digits", namespace: "vision", uid: "u" },
  spec: { model: { source: { configMap: { name: "m", key: "m.h5" } } }, autoscaling: { min: 0, max: 8 } },
  status: {
    stable: { revision: "aaa", ready },
    autoscaling: {
      desired,
      why: "4.2 requests run at once",
      ...(signal === undefined ? {} : { signal }),
      startTime: "6s",
    },
  },
});

describe("the scaling history", () => {
  test("keeps the last hour and drops deleted ModelDeployments", () => {
    const history = createScalingHistory();
    history.sample([digits(1, 0)], 0);
    history.sample([digits(2, 1, "1.5")], 3_600_000);
    expect(history.of("u")).toEqual([
      { atMs: 0, offered: undefined, desired: 1, ready: 0 },
      { atMs: 3_600_000, offered: 1.5, desired: 2, ready: 1 },
    ]);
    history.sample([digits(2, 2, "1.5")], 3_605_000);
    expect(history.of("u").map(({ ready }) => ready)).toEqual([1, 2]);
    history.sample([], 3_610_000);
    expect(history.of("u")).toEqual([]);
  });

  test("has no points of a model that is not autoscaled", () => {
    const history = createScalingHistory();
    const { status: _, ...plain } = digits(1, 1);
    history.sample([plain], 0);
    expect(history.of("u")).toEqual([]);
  });
});

describe("the scaling section", () => {
  const points = [
    { atMs: 0, offered: undefined, desired: 1, ready: 0 },
    { atMs: 60_000, offered: 2, desired: 4, ready: 1 },
    { atMs: 120_000, offered: 2, desired: 2, ready: 2 },
  ];

  test("draws a line each for demand, desired and ready pods", () => {
    const { html } = scalingSection(digits(2, 2, "2.0"), points);
    const lines = Object.fromEntries(
      [...html.matchAll(/<polyline class="(\w+)" points="([^"]*)"/g)].map(([, name = "", at]) => [name, at]),
    );
    expect(lines).toEqual({
      offered: "378.0,74.0 720.0,74.0",
      desired: "36.0,109.0 378.0,4.0 720.0,74.0",
      ready: "36.0,144.0 378.0,109.0 720.0,74.0",
    });
    expect(html).toContain("2 min ago");
  });

  test("shows the desired count and its reason, and no plot before there are points", () => {
    const { html } = scalingSection(digits(2, 2), []);
    expect(html).toContain("2 of 0 to 8");
    expect(html).toContain("4.2 requests run at once");
    expect(html).not.toContain("<svg");
  });

  test("is empty without spec.autoscaling", () => {
    const { spec, ...rest } = digits(1, 1);
    const { autoscaling: _, ...plain } = spec;
    expect(scalingSection({ ...rest, spec: plain }, points).html).toBe("");
  });
});
