import type { Controller } from "../simulator/simulation.ts";
import { initialKnativeState, knativeDecision, knativeDefaults, type KnativeSpec } from "./knative-decision.ts";
import { loadWindow, recordedMean } from "./load-window.ts";

const tickSeconds = 2;
const stableWindowSeconds = 60;
const panicWindowSeconds = 6;
/** scale-to-zero-grace-period. */
const graceSeconds = 30;
/** container-concurrency-target-percentage. */
const targetUtilisation = 0.7;

/** Knative's pod autoscaler with default settings on concurrency; a scale-down delay of 0 is none. */
export function kpa(slots: number, scaleDownDelaySeconds: number): Controller {
  const targetValue = targetUtilisation * slots;
  const spec: KnativeSpec = { ...knativeDefaults, targetValue, totalValue: slots, scaleDownDelaySeconds };
  const stableWindow = loadWindow(stableWindowSeconds);
  const panicWindow = loadWindow(panicWindowSeconds);
  let state = initialKnativeState;
  let zeroSince: number | undefined;
  return {
    wakes: true,
    wanted: ({ inFlight, queued, ready }, at, current) => {
      const stable = recordedMean(stableWindow, inFlight + queued);
      const panic = recordedMean(panicWindow, inFlight + queued);
      if (at % tickSeconds !== 0) return undefined;
      const answer = knativeDecision(spec, { at, ready, stable, panic }, state);
      state = answer.state;
      if (answer.desired > 0) {
        zeroSince = undefined;
        return answer.desired;
      }
      zeroSince ??= at;
      return current > 0 && at - zeroSince < graceSeconds ? 1 : 0;
    },
  };
}
