import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { persistentPolicy } from "../../../operator/fleet/persistent-policy.ts";
import { seededRandom } from "../../../operator/autoscale/simulator/random.ts";

/** The memory of a policy over a long time. */
export interface LongLife {
  /** Longest text in `status.autoscaling.memory` in bytes, in the first tenth of the time and in all of it. */
  readonly early: number;
  readonly most: number;
  /** Growth of the heap after the first tenth. */
  readonly heapBytes: number;
}

const statusEvery = 60;
const slots = 8;

/** Runs a policy for this many seconds with idle and busy periods, crowds, and pods that start and stop. */
export function longLife(steps: number): LongLife {
  const policy = persistentPolicy(undefined);
  const spec = { min: 0, max: 40 };
  const random = seededRandom(17);
  let [current, ready, rate, until] = [0, 0, 0, 0];
  let [early, most, heapEarly] = [0, 0, 0];
  for (let second = 0; second < steps; second += 1) {
    if (second >= until) {
      rate = random.uniform() < 0.3 ? 0 : random.exponential(random.uniform() < 0.1 ? 40 : 3);
      until = second + Math.ceil(random.exponential(600));
    }
    const arrivals = Math.floor(rate + random.uniform());
    const inFlight = Math.min(ready * slots, Math.ceil(2 * rate));
    const completions = Math.min(arrivals, inFlight);
    const queued = Math.max(0, Math.ceil(2 * rate) - inFlight);
    const coldStarts = ready < current && random.uniform() < 0.05 ? [10 + random.exponential(20)] : [];
    ready = Math.min(current, ready + coldStarts.length);
    const sample = {
      arrivals,
      completions,
      serviceSeconds: completions * (1 + inFlight / slots) * random.uniform(),
      inFlight,
      queued,
      oldestWait: queued > 0 ? 3 : 0,
      ready,
      pending: current - ready,
      draining: 0,
      coldStarts,
    };
    current = policy.decide({ spec, sample, current, now: second }).desired;
    if (second % statusEvery === 0) most = Math.max(most, policy.figures().memory?.length ?? Number.POSITIVE_INFINITY);
    if (second === Math.floor(steps / 10)) [early, heapEarly] = [most, usedHeap()];
  }
  return { early, most, heapBytes: usedHeap() - heapEarly };
}

/** Bytes in use after a full garbage collection. */
function usedHeap(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void; // V8's own, by the flag above
  collect();
  return process.memoryUsage().heapUsed;
}
