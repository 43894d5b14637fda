import { decide, type AutoscalerState } from "../decision.ts";
import type { Policy } from "../policy.ts";
import type { Controller } from "./simulation.ts";

/** The product's policy as a controller for the simulator. */
export function ownPolicy(spec: Policy): Controller {
  let state: AutoscalerState | undefined;
  return {
    wakes: spec.min === 0,
    wanted: (samples, now, current) => {
      const decision = decide({ spec, samples, current, state, now });
      ({ state } = decision);
      return decision.desired;
    },
  };
}
