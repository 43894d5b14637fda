import type { LivePod } from "./live-route.ts";

/** Above this many pods two random ones are compared instead of all (power of two choices, Mitzenmacher 2001). */
const fullScanLimit = 8;
/**
 * Slow start: a pod this young counts as busier than it is, since its first requests fill caches and run unoptimized (V8 optimizes
 * a function after some hundred calls). Long enough for that at a few requests a second, short beside the minute in which scale-outs
 * are decided.
 */
const slowStartMs = 5_000;
/** Weight of a pod that was just added: a tenth of an old one's, like Envoy's `min_weight_percent`. */
const minWeight = 0.1;

/** What load balancing depends on besides the pods. */
export interface BalancingParts {
  /** 0 ≤ x < 1. Breaks ties, so that gateways don't all start with the same pod. */
  readonly random: () => number;
  readonly monotonic: () => number;
}

/**
 * The pod with the fewest requests in flight for its weight. Pods in `tried` (they failed this request), and pods that accepted no
 * connection recently, are picked only if there is no other.
 */
export function leastOutstanding(
  pods: readonly LivePod[],
  tried: ReadonlySet<LivePod> | undefined,
  parts: BalancingParts,
): LivePod | undefined {
  if (pods.length < 2) return pods[0];
  const nowMs = parts.monotonic();
  const start = Math.floor(parts.random() * pods.length);
  if (pods.length > fullScanLimit) {
    const other = (start + 1 + Math.floor(parts.random() * (pods.length - 1))) % pods.length;
    const [first, second] = [pods[start], pods[other]];
    const better = leastLoaded(first === undefined || second === undefined ? pods : [first, second], 0, tried, nowMs);
    if (better !== undefined && isPreferred(better, tried, nowMs)) return better;
  }
  return leastLoaded(pods, start, tried, nowMs);
}

function leastLoaded(
  pods: readonly LivePod[],
  start: number,
  tried: ReadonlySet<LivePod> | undefined,
  nowMs: number,
): LivePod | undefined {
  let best: LivePod | undefined;
  let bestLoad = Infinity;
  for (let i = 0; i < pods.length; i += 1) {
    const pod = pods[(start + i) % pods.length];
    if (pod === undefined) continue;
    const load =
      (pod.outstanding + 1) / slowStartWeight(pod, nowMs) + (isPreferred(pod, tried, nowMs) ? 0 : lastResortLoad);
    if (load >= bestLoad) continue;
    best = pod;
    bestLoad = load;
  }
  return best;
}

/** More than any number of requests in flight. */
const lastResortLoad = 1e9;

function isPreferred(pod: LivePod, tried: ReadonlySet<LivePod> | undefined, nowMs: number): boolean {
  return pod.avoidUntilMs <= nowMs && tried?.has(pod) !== true;
}

/** Rises from a tenth to 1 over the slow start. */
function slowStartWeight({ sinceMs }: LivePod, nowMs: number): number {
  const ageMs = nowMs - sinceMs;
  return ageMs >= slowStartMs ? 1 : minWeight + (1 - minWeight) * (ageMs / slowStartMs);
}
