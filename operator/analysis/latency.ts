import { latencyBoundMs, latencyBuckets } from "../../runtime/contract/figures.ts";
import { count, decimal, type Finding, isReassuring, type Proof, uncertain, type Windows } from "./finding.ts";
import { evidenceOfIncrease, type Share } from "./sequential-test.ts";

/** Which quantile, and by how many percent it may be above the stable revision's. */
export interface LatencyLimit {
  readonly quantile: number;
  readonly maxIncrease: number;
}

/**
 * Whether the candidate's quantile is above the stable revision's by more than is allowed. Tested is the share of requests above
 * the stable revision's quantile (for the candidate: above as much more as is allowed). The quantile is looked up in the same
 * data, so the evidence is divided by the number of places where it could have been.
 */
export function latency({ candidate, stable }: Windows, limit: LatencyLimit, proof: Proof): Finding {
  const own = total(candidate.latency);
  const other = total(stable.latency);
  if (own < proof.minimumRequests || other < proof.minimumRequests) {
    const told = `${count(own)} response times of candidate and ${count(other)} of stable`;
    return { verdict: "None", message: `${told}: a comparison needs ${count(proof.minimumRequests)} of each` };
  }
  const ownMs = quantileMs(candidate.latency, limit.quantile);
  const stableMs = quantileMs(stable.latency, limit.quantile);
  const told = `p${decimal(limit.quantile * 100)} of candidate is ${time(ownMs)}, of stable ${time(stableMs)}`;
  const isBeyond = ownMs > stableMs * (1 + limit.maxIncrease / 100);
  const message = isBeyond ? `${told}, ${decimal(limit.maxIncrease)} % more allowed` : told;
  const shares = [0, 1].map((before) => sharesAbove({ candidate, stable }, limit, before));
  const evidence = Math.max(...shares.map((share) => evidenceOfIncrease(share.candidate, share.stable, 0)));
  if (isBeyond && evidence - Math.log(latencyBuckets) >= proof.evidence) return { verdict: "Fail", message };
  if (!isBeyond && shares.some((share) => isReassuring(share.candidate, share.stable, 0)))
    return { verdict: "Pass", message };
  return { verdict: "None", message: `${message}, ${uncertain}` };
}

/** Of each revision the share above the bound of the bucket with the stable revision's quantile, or of the bucket before it. */
function sharesAbove(
  { candidate, stable }: Windows,
  { quantile, maxIncrease }: LatencyLimit,
  before: number,
): { readonly candidate: Share; readonly stable: Share } {
  const bucket = Math.max(0, quantileBucket(stable.latency, quantile) - before);
  return {
    candidate: above(candidate.latency, allowedBucket(bucket, maxIncrease)),
    stable: above(stable.latency, bucket),
  };
}

/** The bucket in which the quantile is. */
function quantileBucket(counts: readonly number[], quantile: number): number {
  const rank = quantile * total(counts);
  let below = 0;
  for (const [bucket, inBucket] of counts.entries()) {
    below += inBucket;
    if (below >= rank && below > 0) return bucket;
  }
  return latencyBuckets - 1;
}

/** Between the bounds of its bucket as far as its rank is between theirs, on a logarithmic scale. */
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

/** The first bucket whose bound is as much above another's as is allowed, or more. */
function allowedBucket(bucket: number, maxIncrease: number): number {
  const boundMs = latencyBoundMs(bucket) * (1 + maxIncrease / 100);
  for (let at = bucket; at < latencyBuckets - 1; at += 1) if (latencyBoundMs(at) >= boundMs * (1 - 1e-9)) return at;
  return latencyBuckets - 1;
}

function above(counts: readonly number[], bucket: number): Share {
  return { hits: total(counts.slice(bucket + 1)), trials: total(counts) };
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, one) => sum + one, 0);
}

function time(timeMs: number): string {
  return timeMs < 1000 ? `${Number(timeMs.toPrecision(2))} ms` : `${Number((timeMs / 1000).toPrecision(2))} s`;
}
