import { type AutoscalerState, decide } from "../../../operator/autoscale/decision.ts";
import type { Policy } from "../../../operator/autoscale/policy.ts";
import type { Controller } from "../../../operator/autoscale/simulator/simulation.ts";

/** More than the costs of any trace. */
const bet = 1e12;

/** Our policy, but it follows a single expert throughout, whatever that costs. */
export function singleExpert(spec: Policy, expert: number): Controller {
  let state: AutoscalerState | undefined;
  return {
    wakes: spec.min === 0,
    wanted: (samples, now, current) => {
      const decision = decide({ spec, samples, current, state, now });
      ({ state } = decision);
      state.shadows.cost[expert] = -bet;
      return decision.desired;
    },
  };
}
