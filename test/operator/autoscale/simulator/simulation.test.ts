import { describe, expect, test } from "vitest";
import { hpa } from "../../../../operator/autoscale/baselines/hpa.ts";
import { keda } from "../../../../operator/autoscale/baselines/keda.ts";
import { kpa } from "../../../../operator/autoscale/baselines/kpa.ts";
import { type Controller, simulated, defaultSetting } from "../../../../operator/autoscale/simulator/simulation.ts";
import { type Figure, figures, vectorTrace } from "../vectors.ts";

const max = defaultSetting.max;
const policies: Readonly<Record<string, () => Controller>> = {
  kpa: () => kpa(8, 0),
  "kpa+delay300": () => kpa(8, 300),
  keda: () => keda(8, max),
  hpa: () => hpa(8, { min: 1, max }),
};

function outcomeOf(figure: Figure, controller: Controller | number) {
  const setting = { ...defaultSetting, coldStartSeconds: figure.coldStartSeconds ?? 0, slowdown: figure.slowdown };
  return simulated(vectorTrace(figure.trace), setting, controller);
}

describe("simulated", () => {
  const fixed = figures().filter((figure) => figure.class === "fixed");
  test.each(fixed)("$policy replicas on $trace with slowdown $slowdown are exact", (figure) => {
    const outcome = outcomeOf(figure, Number(figure.policy.replace("fixed-", "")));
    expect({
      requests: outcome.requests,
      latePercent: Number(outcome.latePercent.toFixed(3)),
      gpuHours: Number(outcome.gpuHours.toFixed(3)),
      p99WaitSeconds: Number(outcome.p99WaitSeconds.toFixed(2)),
      mostReplicas: outcome.mostReplicas,
    }).toEqual({
      requests: figure.requests,
      latePercent: figure.latePercent,
      gpuHours: figure.gpuHours,
      p99WaitSeconds: figure.p99WaitSeconds,
      mostReplicas: figure.mostReplicas,
    });
  });

  // What happens in the same millisecond has an order that the figures do not tell: a few replicas go a little earlier.
  const published = figures().filter((figure) => figure.class !== "fixed");
  test.each(published)("$policy on $trace, start $coldStartSeconds s, slowdown $slowdown, is near", (figure) => {
    const made = policies[figure.policy];
    if (made === undefined) throw new Error(`no policy ${figure.policy}`);
    const outcome = outcomeOf(figure, made());
    expect(outcome.requests).toBe(figure.requests);
    expect(Math.abs(outcome.latePercent / figure.latePercent - 1)).toBeLessThan(0.025);
    expect(Math.abs(outcome.gpuHours / figure.gpuHours - 1)).toBeLessThan(0.01);
  });
});
