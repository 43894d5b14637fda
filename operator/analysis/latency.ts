import { latencyBoundMs, latencyBuckets } from "../../runtime/contract/figures.ts";
import { count, decimal, type Finding, isNonInferior, type Threshold, inconclusive, type Windows } from "./finding.ts";
import { evidenceOfIncrease, type Share } from "./sequential-test.ts";

/** A quantile, and by how many percent the candidate's may exceed the stable revision's. */
export interface LatencyLimit {
  readonly quantile: number;
  readonly maxIncrease: number;
}

/**
 * Whether the candidate's quantile exceeds the stable revision's by more than allowed. The test compares the shares of requests
 * above the stable revision's quantile (for the candidate: above the allowed value). That quantile comes from the same data, so
 * the evidence is divided by the number of buckets that it could have been in.
 */
export function latency({ candidate, stable }: Windows, limit: LatencyLimit, threshold: Threshold): Finding {
  const own = total(candidate.latency);
  const other = total(stable.latency);
  if (own < threshold.minimumRequests || other < threshold.minimumRequests) {
    const summary = `${count(own)} response times of candidate and ${count(other)} of stable`;
    return { verdict: "None", message: `${summary}: a comparison needs ${count(threshold.minimumRequests)} of each` };
  }
  const ownMs = quantileMs(candidate.latency, limit.quantile);
  const stableMs = quantileMs(stable.latency, limit.quantile);
  const summary = `p${decimal(limit.quantile * 100)} of candidate is ${timeText(ownMs)}, of stable ${timeText(stableMs)}`;
  const exceedsLimit = ownMs > stableMs * (1 + limit.maxIncrease / 100);
  const message = exceedsLimit ? `${summary}, ${decimal(limit.maxIncrease)} % more allowed` : summary;
  const shares = [0, 1].map((bucketsBelow) => sharesAbove({ candidate, stable }, limit, bucketsBelow));
  const evidence = Math.max(...shares.map((share) => evidenceOfIncrease(share.candidate, share.stable, 0)));
  if (exceedsLimit && evidence - Math.log(latencyBuckets) >= threshold.evidence) return { verdict: "Fail", message };
  if (!exceedsLimit && shares.some((share) => isNonInferior(share.candidate, share.stable, 0)))
    return { verdict: "Pass", message };
  return { verdict: "None", message: `${message}, ${inconclusive}` };
}

/** Each revision's share of requests above the bucket of the stable revision's quantile, or above one `bucketsBelow` it. */
function sharesAbove(
  { candidate, stable }: Windows,
  { quantile, maxIncrease }: LatencyLimit,
  bucketsBelow: number,
): { readonly candidate: Share; readonly stable: Share } {
  const bucket = Math.max(0, quantileBucket(stable.latency, quantile) - bucketsBelow);
  return {
    candidate: shareAbove(candidate.latency, allowedBucket(bucket, maxIncrease)),
    stable: shareAbove(stable.latency, bucket),
  };
}

/** The bucket that contains the quantile. */
function quantileBucket(counts: readonly number[], quantile: number): number {
  const rank = quantile * total(counts);
  let below = 0;
  for (const [bucket, inBucket] of counts.entries()) {
    below += inBucket;
    if (below >= rank && below > 0) return bucket;
  }
  return latencyBuckets - 1;
}

/** The quantile in milliseconds, interpolated by rank within its bucket on a logarithmic scale. */
function quantileMs(counts: readonly number[], quantile: number): number {
  const bucket = quantileBucket(counts, quantile);
  const boundMs = latencyBoundMs(bucket);
  if (bucket === 0) return boundMs;
  const fromMs = latencyBoundMs(bucket - 1);
  if (boundMs === Infinity) return fromMs;
  const below = total(counts.slice(0, bucket));
  const share = (quantile * total(counts) - below) / (counts[bucket] ?? 1);
  return fromMs * (boundMs / fromMs) ** Math.max(0, share);
}

/** The first bucket whose bound is at least the allowed increase above that of `bucket`. */
function allowedBucket(bucket: number, maxIncrease: number): number {
  const boundMs = latencyBoundMs(bucket) * (1 + maxIncrease / 100);
  for (let at = bucket; at < latencyBuckets - 1; at += 1) if (latencyBoundMs(at) >= boundMs * (1 - 1e-9)) return at;
  return latencyBuckets - 1;
}

function shareAbove(counts: readonly number[], bucket: number): Share {
  return { hits: total(counts.slice(bucket + 1)), trials: total(counts) };
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, one) => sum + one, 0);
}

function timeText(timeMs: number): string {
  return timeMs < 1000 ? `${Number(timeMs.toPrecision(2))} ms` : `${Number((timeMs / 1000).toPrecision(2))} s`;
}
