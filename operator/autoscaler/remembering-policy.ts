import { type AutoscalerState, decide, knownOf } from "../autoscale/autoscaler.ts";
import { isBusy } from "../autoscale/demand.ts";
import { memoryOf, recalledState } from "../autoscale/memory.ts";
import { policyOf } from "../autoscale/policy.ts";
import type { Scaling } from "../model-deployment/snapshot.ts";
import type { Policy } from "./model-scaler.ts";

/** As much as `status.autoscaling.memory` keeps; what does not fit is learned anew. */
const longestMemory = 8_192;

/** The product's policy, going on from what `status.autoscaling.memory` remembers. */
export function rememberingPolicy(remembered: string | undefined): Policy {
  let state = recalledState(remembered);
  return {
    decide({ spec, sample, current, now }) {
      const policy = policyOf(spec);
      const decision = decide({ spec: policy, samples: sample, current, state, now });
      state = decision.state;
      const { desired, why } = decision;
      const { capacity, coldStartSeconds: startSeconds } = knownOf(state, policy);
      const needed = Math.max(
        sample !== undefined && isBusy(sample) ? 1 : 0,
        Math.ceil(state.demand.level / capacity - 0.1),
      );
      return {
        desired,
        why,
        needed,
        kappa: policy.kappa,
        startSeconds,
        figures: () => figuresOf(decision.state, policy),
      };
    },
  };
}

function figuresOf(state: AutoscalerState, policy: ReturnType<typeof policyOf>): Scaling["figures"] {
  const { serviceSeconds, coldStartSeconds } = knownOf(state, policy);
  const memory = memoryOf(state);
  return {
    signal: state.demand.offered.toFixed(1),
    serviceTime: `${Number(serviceSeconds.toPrecision(2))}s`,
    startTime: `${Math.round(coldStartSeconds)}s`,
    ...(memory.length > longestMemory ? {} : { memory }),
  };
}
