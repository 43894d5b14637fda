import type { QueueModel } from "../backlog.ts";

/** One time step of a deterministic fluid queue in front of replicas. */
export interface FluidQueue {
  /** Requests inside (running and waiting) at the end of the step, given those at its start. */
  after(inside: number, ready: number): number;
  /** How many of those arrived in the second half of the last second. */
  readonly unmet: number;
}

/** A step of `elapsed` seconds in which `arrivals` requests arrive evenly. */
export function fluidQueue(
  { slots, capacity, serviceSeconds }: QueueModel,
  { elapsed, arrivals }: { readonly elapsed: number; readonly arrivals: number },
): FluidQueue {
  const slowdown = slots > 1 ? (slots / capacity - 1) / (slots - 1) : 0;
  const alone = elapsed / serviceSeconds;
  const stayAlone = Math.exp(-alone);
  return {
    unmet: arrivals / 2 / Math.max(1, elapsed),
    after(inside, ready) {
      const full = ready * slots;
      if (inside >= full) return Math.max(0, inside + arrivals - (ready * capacity * elapsed) / serviceSeconds);
      // All requests run, with exponential service times: early arrivals are the likeliest to have ended.
      const done = alone / (1 + slowdown * Math.max(0, inside / ready - 1));
      const stay = done === alone ? stayAlone : Math.exp(-done);
      return inside * stay + (arrivals * (1 - stay)) / done;
    },
  };
}
