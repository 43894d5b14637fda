import { type AutoscalerState, decide } from "../../../operator/autoscale/decision.ts";
import { type Setting, simulated } from "../../../operator/autoscale/simulator/simulation.ts";
import type { Trace } from "../../../operator/autoscale/simulator/trace.ts";

/** What each way would have cost, as the policy's own shadows have it at the end of the trace. */
export function wayCosts(trace: Trace, setting: Setting, kappa: number): Float64Array {
  const spec = { ...setting, min: 0, kappa, holdSeconds: 0, schedules: [] };
  let state: AutoscalerState | undefined;
  simulated(trace, setting, {
    wakes: true,
    wanted: (samples, now, current) => {
      const decision = decide({ spec, samples, current, state, now });
      ({ state } = decision);
      return decision.desired;
    },
  });
  return Float64Array.from(state?.shadows.cost ?? []);
}
