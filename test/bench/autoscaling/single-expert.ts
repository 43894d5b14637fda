import { type AutoscalerState, decide } from "../../../operator/autoscale/decision.ts";
import type { Policy } from "../../../operator/autoscale/policy.ts";
import type { Controller } from "../../../operator/autoscale/simulator/simulation.ts";

/** More than the cost of any trace, so that this expert always has all the weight. */
const advantage = 1e12;

/** Our policy with a single expert, which it always follows. */
export function singleExpert(spec: Policy, expert: number): Controller {
  let state: AutoscalerState | undefined;
  return {
    wakes: spec.min === 0,
    wanted: (samples, now, current) => {
      const decision = decide({ spec, samples, current, state, now });
      ({ state } = decision);
      state.shadows.cost[expert] = -advantage;
      return decision.desired;
    },
  };
}
