import type { Sample } from "./sample.ts";

/**
 * Offered concurrency, smoothed over several time constants: how many requests would run if none ever waited (Little's law:
 * arrivals per second times seconds per request). It is independent of backlogs and of replica counts, so neither can feed back
 * into what is ordered.
 */
export interface Demand {
  /** Second of the last sample. */
  at: number;
  /** Second of the last sample with a request in it. */
  busyAt: number;
  /** Arrivals per second, over 15 s. */
  rate: number;
  /** Offered concurrency: now, over 4 s, over 20 s and over 60 s (the latter two longer with long cold starts). */
  offered: number;
  fast: number;
  level: number;
  slow: number;
  /** Variance of `offered` around `slow`, over 180 s. */
  variance: number;
  /** `level` smoothed over 60 s more: the reference for its slope. */
  before: number;
  /** `slow` smoothed over a cold start more, and the mean square of the difference of the two. */
  far: number;
  drift: number;
  /** Seconds that `drift` was measured for. */
  measured: number;
  /** Offered concurrency over 15 min, and its variance around that. */
  calm: number;
  calmVariance: number;
}

/** The demand expected when a replica that is ordered now becomes ready, in offered concurrency. */
export interface Forecast {
  /** The present load. */
  readonly base: number;
  /** How much it grows until then if its trend continues; never negative. */
  readonly rise: number;
  /** Standard deviation of the forecast. */
  readonly deviation: number;
  /** Mean and standard deviation over 15 min. */
  readonly longRunMean: number;
  readonly longRunDeviation: number;
}

/** Offered concurrency below which nothing is needed once all requests are answered. */
export const negligibleConcurrency = 0.3;

/** Time constants of the averages. */
const seconds = { rate: 15, fast: 4, level: 20, slow: 60, variance: 180, before: 60, calm: 900 } as const;
/** Noise that ends before a replica is ready must order none: with long cold starts, averages span this share of the start. */
const startShare = { level: 1 / 6, slow: 1 / 2 } as const;
const longest = { level: 60, slow: 150 } as const;
const longestLeadSeconds = 300;
/** Standard deviations by which a load is a jump. */
const jump = 3;
/** Drift within a cold start, as a share of the load, before any was measured. */
const assumedDrift = 0.3;
/** Cold starts over which drift is averaged, and after which it is fully trusted. */
const driftSpan = 10;
const driftTrust = 3;

/** No requests seen. */
export function noDemand(at: number): Demand {
  const nothing = { rate: 0, offered: 0, fast: 0, level: 0, slow: 0, variance: 0, before: 0, far: 0, drift: 0 };
  return { at, busyAt: at, measured: 0, calm: 0, calmVariance: 0, ...nothing };
}

/** Whether a request arrived, runs or waits. */
export function isBusy({ arrivals, inFlight, queued }: Sample): boolean {
  return arrivals > 0 || inFlight > 0 || queued > 0;
}

/** Adds a sample to the demand; its arrivals are spread over the `elapsed` seconds that it covers. */
export function addSample(
  demand: Demand,
  sample: Sample,
  { now, elapsed }: { readonly now: number; readonly elapsed: number },
  lead: { readonly serviceSeconds: number; readonly coldStartSeconds: number },
): void {
  demand.at = now;
  if (isBusy(sample)) demand.busyAt = now;
  if (elapsed === 0) return;
  const smoothed = (old: number, value: number, span: number): number =>
    old + (value - old) * (1 - Math.exp(-elapsed / span));
  const spanOf = (name: "level" | "slow"): number =>
    Math.min(longest[name], Math.max(seconds[name], lead.coldStartSeconds * startShare[name]));
  const rate = sample.arrivals / elapsed;
  const offered = smoothed(demand.offered, rate * lead.serviceSeconds, lead.serviceSeconds);
  const level = smoothed(demand.level, offered, spanOf("level"));
  const slow = smoothed(demand.slow, offered, spanOf("slow"));
  demand.rate = smoothed(demand.rate, rate, seconds.rate);
  demand.offered = offered;
  demand.fast = smoothed(demand.fast, offered, seconds.fast);
  demand.level = level;
  demand.slow = slow;
  demand.variance = smoothed(demand.variance, (offered - slow) ** 2, seconds.variance);
  demand.before = smoothed(demand.before, level, seconds.before);
  demand.far = smoothed(demand.far, slow, Math.max(30, lead.coldStartSeconds));
  demand.measured = Math.min(demand.measured + elapsed, driftSpan * Math.max(120, lead.coldStartSeconds));
  demand.drift += ((slow - demand.far) ** 2 - demand.drift) * Math.min(1, elapsed / demand.measured);
  // Until the time constant has passed, the plain mean of what was seen.
  const share = Math.max(1 - Math.exp(-elapsed / seconds.calm), Math.min(1, elapsed / demand.measured));
  demand.calm += (offered - demand.calm) * share;
  demand.calmVariance += ((offered - demand.calm) ** 2 - demand.calmVariance) * share;
}

/** The demand to expect a cold start from now. */
export function forecast(demand: Demand, coldStartSeconds: number): Forecast {
  const { offered, level, slow } = demand;
  const isJump = offered > level + jump * Math.sqrt(level + 1);
  const base = Math.max(level, slow, isJump ? offered : 0);
  const slope = (level - demand.before) / seconds.before;
  return {
    base,
    rise: Math.max(0, slope) * Math.min(coldStartSeconds, longestLeadSeconds),
    deviation: Math.sqrt(Math.max(demand.variance, base) + driftVariance(demand, coldStartSeconds)),
    longRunMean: demand.calm,
    longRunDeviation: Math.sqrt(Math.max(demand.calmVariance, demand.calm)),
  };
}

/** Variance within a cold start of a random walk with the measured drift; of the assumed drift while too little was measured. */
function driftVariance({ slow, drift, measured }: Demand, coldStartSeconds: number): number {
  const trust = Math.min(1, measured / (driftTrust * Math.max(60, coldStartSeconds)));
  return 2 * drift * trust + (assumedDrift * slow) ** 2 * (1 - trust);
}
