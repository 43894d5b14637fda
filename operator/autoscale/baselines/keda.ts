import type { Controller } from "../simulator/simulation.ts";
import { hpa } from "./hpa.ts";
import { kedaReplicas } from "./keda-poll.ts";

const pollingSeconds = 30;

const settings = {
  triggerError: false,
  forceActivation: false,
  minReplicaCount: 0,
  idleReplicaCount: null,
  cooldownPeriod: null,
  initialCooldownPeriod: null,
  paused: false,
  pausedScaleIn: false,
  pausedScaleOut: false,
} as const;

/** KEDA at its defaults: the HPA from 1 up, and from any count straight to 0 after an idle cooldown period. */
export function keda(slots: number, max: number): Controller {
  const inner = hpa(slots, { min: 1, max });
  let arrivals = 0;
  let activeAt = 0;
  return {
    wakes: true,
    wanted: (sample, at, current) => {
      const fromHpa = inner.wanted(sample, at, current);
      arrivals += sample.arrivals;
      if (at % pollingSeconds !== 0) return fromHpa;
      const triggersActive = arrivals > 0 || sample.inFlight + sample.queued > 0;
      arrivals = 0;
      if (triggersActive) activeAt = at;
      const poll = { ...settings, triggersActive, currentReplicas: current };
      return kedaReplicas({ ...poll, lastActiveSecondsAgo: at - activeAt, createdSecondsAgo: at }) ?? fromHpa;
    },
  };
}
