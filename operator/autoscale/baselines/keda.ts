import type { Controller } from "../simulator/simulation.ts";
import { hpa } from "./hpa.ts";

const pollingSeconds = 30;
/** cooldownPeriod, KEDA's default. */
const cooldownSeconds = 300;

/** KEDA at its defaults: the HPA from 1 up, and from any count straight to 0 when nothing was seen for the cooldown. */
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
      const isActive = arrivals > 0 || sample.inFlight + sample.queued > 0;
      arrivals = 0;
      if (isActive) activeAt = at;
      return !isActive && at - activeAt > cooldownSeconds ? 0 : fromHpa;
    },
  };
}
