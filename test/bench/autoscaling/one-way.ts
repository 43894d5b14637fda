import { type AutoscalerState, decide } from "../../../operator/autoscale/decision.ts";
import type { Policy } from "../../../operator/autoscale/policy.ts";
import type { Controller } from "../../../operator/autoscale/simulator/simulation.ts";

/** More than the costs of any trace. */
const bet = 1e12;

/** Our policy, but that it follows one of its ways from begin to end, whatever that costs. */
export function oneWay(spec: Policy, way: number): Controller {
  let state: AutoscalerState | undefined;
  return {
    wakes: spec.min === 0,
    wanted: (samples, now, current) => {
      const decision = decide({ spec, samples, current, state, now });
      ({ state } = decision);
      state.shadows.cost[way] = -bet;
      return decision.desired;
    },
  };
}
