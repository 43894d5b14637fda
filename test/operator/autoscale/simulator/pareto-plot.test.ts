import { expect, test } from "vitest";
import type { Result } from "../../../../operator/autoscale/simulator/comparison.ts";
import { paretoPlot } from "../../../../operator/autoscale/simulator/pareto-plot.ts";

function result(name: string, latePercent: number, gpuHours: number): Result {
  const others = {
    requests: 1,
    late: 0,
    gpuSeconds: gpuHours * 3600,
    p99WaitSeconds: 0,
    coldStarts: 0,
    mostReplicas: 1,
  };
  return { name, kappa: undefined, outcome: { ...others, latePercent, gpuHours } };
}

test("late requests go up by decades, replica hours to the right, names are text", () => {
  const svg = paretoPlot("a < b", {
    classes: [],
    baselines: [result("K & K", 100, 10)],
    curve: [result("κ 1", 0, 5), result("κ 2", 1, 0)],
  });
  expect(svg).toContain(">a &lt; b</text>");
  expect(svg).toContain("<title>K &amp; K: 100.000 % late, 10.0 h</title>");
  expect(svg).toContain('<polyline points="359.8,426.0 70.0,235.0"');
  expect(svg).toContain('<circle cx="649.6" cy="44.0" r="5"');
});

test("a comparison without any hours has a picture too", () => {
  expect(paretoPlot("none", { classes: [], baselines: [], curve: [result("κ 1", 0, 0)] })).not.toMatch(/NaN|Infinity/);
});
