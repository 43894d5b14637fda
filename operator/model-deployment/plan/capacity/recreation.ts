import type { Counted } from "./rolling.ts";
import type { CountsQuestion } from "./question.ts";
import { carriers } from "./shares.ts";

/**
 * The stable pods end before the candidate's start; requests wait at the gateway. Candidate pods that were made before
 * wait for what the stable ones leave. Whatever is ready first gets everything: nothing else serves.
 */
export function recreated(question: CountsQuestion): Counted {
  const { wanted, stable, candidate, stableWeight, others = 0 } = question;
  const isGone = others === 0 && stable.replicas === 0 && stable.live === 0 && (stable.terminating ?? 0) === 0;
  const serves = candidate.ready > 0;
  return {
    stable: serves ? Math.min(stable.replicas, carriers(stableWeight, wanted)) : 0,
    candidate: isGone ? wanted : Math.min(wanted, candidate.replicas),
    carries: serves ? 100 : 0,
  };
}
