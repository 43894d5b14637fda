import type { Drain } from "../drain.ts";

/** A moment of a queue in front of replicas, without chance. */
export interface FluidQueue {
  /** Requests inside at the end of the moment, of so many at its begin. */
  after(inside: number, ready: number): number;
  /** Of those at the end the ones that came after who arrived in the middle of the last second. */
  readonly unmet: number;
}

/** A moment of `elapsed` seconds in which so many requests arrive, evenly. */
export function fluidQueue(
  { slots, capacity, serviceSeconds }: Drain,
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
      // Everybody runs: who is inside ends with chance, and of the arrivals most who came early.
      const done = alone / (1 + slowdown * Math.max(0, inside / ready - 1));
      const stay = done === alone ? stayAlone : Math.exp(-done);
      return inside * stay + (arrivals * (1 - stay)) / done;
    },
  };
}
