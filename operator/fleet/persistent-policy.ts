import type { AutoscalingSpec } from "../../crds/v1alpha1/autoscaling/autoscaling.ts";
import { type AutoscalerState, decide, replicaFacts } from "../autoscale/decision.ts";
import { isBusy } from "../autoscale/demand.ts";
import { memoryOf, restoredState } from "../autoscale/memory.ts";
import { type Policy as ScalingPolicy, policyOf } from "../autoscale/policy.ts";
import type { Scaling } from "../model-deployment/snapshot.ts";
import type { Needs, Policy } from "./model-scaler.ts";

/** Limit of `status.autoscaling.memory`; a longer memory is not stored, and a new leader learns from scratch. */
const maxMemoryLength = 8_192;

/** The product's policy, which continues from the state in `status.autoscaling.memory`. */
export function persistentPolicy(memory: string | undefined): Policy {
  let state = restoredState(memory);
  let parsed: { readonly spec: AutoscalingSpec; readonly policy: ScalingPolicy } | undefined;
  let minNeeded = 0;
  return {
    decide({ spec, sample, current, now }) {
      // Specs are immutable cached objects: each is parsed once, not every second.
      if (parsed?.spec !== spec) parsed = { spec, policy: policyOf(spec) };
      const { policy } = parsed;
      const decision = decide({ spec: policy, samples: sample, current, state, now });
      ({ state } = decision);
      minNeeded = sample !== undefined && isBusy(sample) ? 1 : 0;
      return decision;
    },
    needs: () => state && parsed && needsOf(state, parsed.policy, minNeeded),
    figures: () => (state === undefined || parsed === undefined ? {} : figuresOf(state, parsed.policy)),
  };
}

function needsOf(state: AutoscalerState, policy: ScalingPolicy, minNeeded: number): Needs {
  const { capacity, coldStartSeconds } = replicaFacts(state, policy);
  const needed = Math.max(minNeeded, Math.ceil(state.demand.level / capacity - 0.1));
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
    ...(memory.length > maxMemoryLength ? {} : { memory }),
  };
}
