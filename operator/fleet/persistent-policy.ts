import type { AutoscalingSpec } from "../../crds/v1alpha1/autoscaling/autoscaling.ts";
import { type AutoscalerState, decide, replicaFacts } from "../autoscale/decision.ts";
import { isBusy } from "../autoscale/demand.ts";
import { memoryOf, restoredState } from "../autoscale/memory.ts";
import { policyOf, type Policy as ScalingPolicy } from "../autoscale/policy.ts";
import type { Scaling } from "../model-deployment/snapshot.ts";
import type { Needs, Policy } from "./model-scaler.ts";

/** As much as `status.autoscaling.memory` keeps; what does not fit is learned anew. */
const longestMemory = 8_192;

/** The product's policy, going on from what `status.autoscaling.memory` remembers. */
export function persistentPolicy(remembered: string | undefined): Policy {
  let state = restoredState(remembered);
  let read: { readonly spec: AutoscalingSpec; readonly policy: ScalingPolicy } | undefined;
  let least = 0;
  return {
    decide({ spec, sample, current, now }) {
      // Specs are cached objects that never change: one is read once, not every second.
      if (read?.spec !== spec) read = { spec, policy: policyOf(spec) };
      const { policy } = read;
      const decision = decide({ spec: policy, samples: sample, current, state, now });
      ({ state } = decision);
      least = sample !== undefined && isBusy(sample) ? 1 : 0;
      return decision;
    },
    needs: () => state && read && needsOf(state, read.policy, least),
    figures: () => (state === undefined || read === undefined ? {} : figuresOf(state, read.policy)),
  };
}

function needsOf(state: AutoscalerState, policy: ScalingPolicy, least: number): Needs {
  const { capacity, coldStartSeconds } = replicaFacts(state, policy);
  const needed = Math.max(least, Math.ceil(state.demand.level / capacity - 0.1));
  const { at, demand } = state;
  return { needed, kappa: policy.kappa, startSeconds: coldStartSeconds, idleSeconds: at - demand.busyAt };
}

function figuresOf(state: AutoscalerState, policy: ScalingPolicy): Scaling["figures"] {
  const { serviceSeconds, coldStartSeconds } = replicaFacts(state, policy);
  const memory = memoryOf(state);
  return {
    signal: state.demand.offered.toFixed(1),
    serviceTime: `${Number(serviceSeconds.toPrecision(2))}s`,
    startTime: `${Math.round(coldStartSeconds)}s`,
    ...(memory.length > longestMemory ? {} : { memory }),
  };
}
