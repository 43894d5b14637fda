import { type AutoscalerState, decide, knownOf } from "../autoscale/autoscaler.ts";
import { policyOf } from "../autoscale/policy.ts";
import type { Policy } from "./model-scaler.ts";

/** What is written before the state: one of another form is forgotten, and learned anew. */
const form = "1 ";
/** As much as status keeps. */
const longestMemory = 8_192;

/** The product's policy, going on from what `status.autoscaling.memory` remembers. */
export function rememberingPolicy(remembered: string | undefined): Policy {
  let state = recalled(remembered);
  return {
    decide({ spec, sample, current, now }) {
      const policy = policyOf(spec);
      const decision = decide({ spec: policy, samples: sample, current, state, now });
      state = decision.state;
      const { serviceSeconds, coldStartSeconds } = knownOf(state, policy);
      const memory = `${form}${JSON.stringify(state, (_, value: unknown) => shortened(value))}`;
      return {
        desired: decision.desired,
        why: decision.why,
        figures: {
          signal: state.demand.offered.toFixed(1),
          serviceTime: `${Number(serviceSeconds.toPrecision(2))}s`,
          startTime: `${Math.round(coldStartSeconds)}s`,
          ...(memory.length > longestMemory ? {} : { memory }),
        },
      };
    },
  };
}

/** Times are whole seconds, figures have five digits: what follows from less is lost in the noise of requests. */
function shortened(value: unknown): unknown {
  if (typeof value !== "number" || Number.isInteger(value)) return value;
  return Math.abs(value) > 1e6 ? Math.round(value) : Number(value.toPrecision(5));
}

function recalled(memory: string | undefined): AutoscalerState | undefined {
  if (memory?.startsWith(form) !== true) return undefined;
  try {
    return JSON.parse(memory.slice(form.length)) as AutoscalerState; // written above, in this form
  } catch {
    return undefined;
  }
}
