/** Requests (`trials`), and how many of them failed, were slow or differed (`hits`). */
export interface Share {
  readonly hits: number;
  readonly trials: number;
}

/**
 * Prior of an unknown rate: an equal mixture of these Beta distributions, which covers ordinary and rare rates so that neither
 * costs much evidence.
 */
const priors: readonly (readonly [number, number])[] = [
  [0.5, 0.5],
  [0.5, 10],
  [0.5, 200],
];

/**
 * Natural logarithm of the evidence against the hypothesis that the rate of hits is at most `limit`. If it is, the evidence exceeds
 * ln(1/α) with a probability of at most α, however often it is checked while trials come in: the likelihood of the data averaged
 * over all rates, divided by the largest likelihood that the hypothesis allows, is a supermartingale (Ville 1939; Robbins 1970,
 * "Statistical methods related to the law of the iterated logarithm"; Wasserman, Ramdas, Balakrishnan 2020, "Universal inference").
 */
export function evidenceOfExcess(share: Share, limit: number): number {
  const rate = Math.min(observedRate(share), limit);
  return averageLikelihood(share) - likelihood(share, rate);
}

/**
 * The same against the hypothesis that the candidate's rate is at most that of the stable revision plus `increase`. Both rates are
 * unknown, and the traffic split may be any and may change. Cf. Turner, Ly, Grünwald 2024, "Generic E-variables for exact sequential
 * k-sample tests that allow for optional stopping", and Johari et al. 2022, "Always valid inference".
 */
export function evidenceOfIncrease(candidate: Share, stable: Share, increase: number): number {
  const rates = maximumLikelihoodRates(candidate, stable, increase);
  return (
    averageLikelihood(candidate) +
    averageLikelihood(stable) -
    likelihood(candidate, rates.candidate) -
    likelihood(stable, rates.stable)
  );
}

/**
 * Natural logarithm of the likelihood ratio in favour of non-inferiority: the largest likelihood of the data, divided by the largest
 * one with a candidate's rate that is higher by `margin` or more.
 */
export function evidenceOfNonInferiority(candidate: Share, stable: Share, margin: number): number {
  const inferior = maximumLikelihoodRates(stable, candidate, -margin);
  return (
    likelihood(candidate, observedRate(candidate)) +
    likelihood(stable, observedRate(stable)) -
    likelihood(candidate, inferior.stable) -
    likelihood(stable, inferior.candidate)
  );
}

/** Share of hits; 0 without trials. */
export function observedRate({ hits, trials }: Share): number {
  return trials === 0 ? 0 : hits / trials;
}

/** Maximum-likelihood rates under the constraint that the candidate's is at most the stable revision's plus `increase`. */
function maximumLikelihoodRates(
  candidate: Share,
  stable: Share,
  increase: number,
): { readonly candidate: number; readonly stable: number } {
  const free = { candidate: observedRate(candidate), stable: stable.trials === 0 ? 1 : observedRate(stable) };
  if (free.candidate <= free.stable + increase) return free;
  // On the boundary the log-likelihood is concave in the stable rate: bisection finds where its slope is 0.
  const [least, most] = [Math.max(0, -increase), Math.min(1, 1 - increase)];
  let low = Math.min(most, Math.max(least, free.stable));
  let high = Math.min(most, Math.max(low, free.candidate - increase));
  for (let halving = 0; halving < 60; halving += 1) {
    const middle = (low + high) / 2;
    if (slope(candidate, middle + increase) + slope(stable, middle) > 0) low = middle;
    else high = middle;
  }
  const rate = (low + high) / 2;
  return { candidate: rate + increase, stable: rate };
}

function slope({ hits, trials }: Share, rate: number): number {
  const misses = trials - hits;
  return (hits === 0 ? 0 : hits / rate) - (misses === 0 ? 0 : misses / (1 - rate));
}

/** Log-likelihood, as are all likelihoods here. */
function likelihood({ hits, trials }: Share, rate: number): number {
  const misses = trials - hits;
  return (hits === 0 ? 0 : hits * Math.log(rate)) + (misses === 0 ? 0 : misses * Math.log1p(-rate));
}

function averageLikelihood({ hits, trials }: Share): number {
  const each = priors.map(([a, b]) => logBeta(a + hits, b + trials - hits) - logBeta(a, b));
  const largest = Math.max(...each);
  const sum = each.reduce((total, one) => total + Math.exp(one - largest), 0);
  return largest + Math.log(sum / each.length);
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Stirling's series from 10 on, the recurrence below that: relative error under 1e-12 for the arguments here. */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 10; at += 1) shift -= Math.log(at);
  const inverse = 1 / at;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return shift + (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series;
}
