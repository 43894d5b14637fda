import type { LivePod } from "./live.ts";

/** Above this many pods two random ones are compared instead of all (power of two choices, Mitzenmacher 2001). */
const fullScanLimit = 8;
/**
 * A pod that came this recently counts as busier than it is: its first requests fill caches and are compiled as they run
 * (some hundred calls of one function make V8 optimize it). Long enough for that at a few requests a second, short beside the
 * minute that a scale-out is decided in.
 */
const slowStartMs = 5_000;
/** What a pod that came this instant is taken for: Envoy's `min_weight_percent`, a tenth of an old one. */
const leastStrength = 0.1;

/** What a pick depends on besides the pods. */
export interface PickParts {
  /** 0 ≤ x < 1. Breaks ties, so that several gateways do not all begin with the same pod. */
  readonly random: () => number;
  readonly monotonic: () => number;
}

/**
 * The pod with the fewest requests under way for its strength. Pods in `tried` (they just failed this request), and pods that
 * took no connection a moment ago, are taken only when nothing else is left.
 */
export function leastOutstanding(
  pods: readonly LivePod[],
  tried: ReadonlySet<LivePod> | undefined,
  parts: PickParts,
): LivePod | undefined {
  if (pods.length < 2) return pods[0];
  const nowMs = parts.monotonic();
  const start = Math.floor(parts.random() * pods.length);
  if (pods.length > fullScanLimit) {
    const other = (start + 1 + Math.floor(parts.random() * (pods.length - 1))) % pods.length;
    const [one, two] = [pods[start], pods[other]];
    const better = least(one === undefined || two === undefined ? pods : [one, two], 0, tried, nowMs);
    if (better !== undefined && isFresh(better, tried, nowMs)) return better;
  }
  return least(pods, start, tried, nowMs);
}

function least(
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
    const load = (pod.outstanding + 1) / strength(pod, nowMs) + (isFresh(pod, tried, nowMs) ? 0 : lastResort);
    if (load >= bestLoad) continue;
    best = pod;
    bestLoad = load;
  }
  return best;
}

/** More than any number of requests under way. */
const lastResort = 1e9;

function isFresh(pod: LivePod, tried: ReadonlySet<LivePod> | undefined, nowMs: number): boolean {
  return pod.shunnedUntilMs <= nowMs && tried?.has(pod) !== true;
}

/** Rises from a tenth to 1 over the pod's first seconds. */
function strength({ sinceMs }: LivePod, nowMs: number): number {
  const ageMs = nowMs - sinceMs;
  return ageMs >= slowStartMs ? 1 : leastStrength + (1 - leastStrength) * (ageMs / slowStartMs);
}
