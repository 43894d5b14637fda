/** Requests, and how many of them had what is looked for: failed, were slow, differed. */
export interface Share {
  readonly hits: number;
  readonly trials: number;
}

/**
 * Each rate that is not known is averaged over, with these weights of it (Beta distributions, equally likely): rates from
 * ordinary to rare, so that neither costs much evidence.
 */
const priors: readonly (readonly [number, number])[] = [
  [0.5, 0.5],
  [0.5, 10],
  [0.5, 200],
];

/**
 * Natural logarithm of the evidence against the rate of hits being `limit` or less. However often it is looked at while trials come
 * in, it exceeds ln(1/α) with a probability of at most α when the rate is that low: the likelihood of what was seen, averaged over
 * all rates, by the largest one that the claim allows is a supermartingale (Ville 1939; Robbins 1970, "Statistical methods related to
 * the law of the iterated logarithm"; Wasserman, Ramdas, Balakrishnan 2020, "Universal inference").
 */
export function evidenceOfExcess(share: Share, limit: number): number {
  const rate = Math.min(observedRate(share), limit);
  return averageLikelihood(share) - likelihood(share, rate);
}

/**
 * The same against the candidate's rate being at most that of the stable revision plus `increase`: both rates are unknown, and the
 * split between the two may be any and change. Cf. Turner, Ly, Grünwald 2024, "Generic E-variables for exact sequential k-sample
 * tests that allow for optional stopping", and Johari et al. 2022, "Always valid inference".
 */
export function evidenceOfIncrease(candidate: Share, stable: Share, increase: number): number {
  const rates = likeliestRates(candidate, stable, increase);
  return (
    averageLikelihood(candidate) +
    averageLikelihood(stable) -
    likelihood(candidate, rates.candidate) -
    likelihood(stable, rates.stable)
  );
}

/**
 * How much likelier what was seen is without than with a candidate's rate that is higher by `harm` or more: natural logarithm of the
 * ratio of the two largest likelihoods.
 */
export function evidenceOfHarmlessness(candidate: Share, stable: Share, harm: number): number {
  const harmful = likeliestRates(stable, candidate, -harm);
  return (
    likelihood(candidate, observedRate(candidate)) +
    likelihood(stable, observedRate(stable)) -
    likelihood(candidate, harmful.stable) -
    likelihood(stable, harmful.candidate)
  );
}

/** Share of hits; 0 without trials. */
export function observedRate({ hits, trials }: Share): number {
  return trials === 0 ? 0 : hits / trials;
}

/** Of all pairs of rates that are no further apart than allowed those under which what was seen is likeliest. */
function likeliestRates(
  candidate: Share,
  stable: Share,
  increase: number,
): { readonly candidate: number; readonly stable: number } {
  const free = { candidate: observedRate(candidate), stable: stable.trials === 0 ? 1 : observedRate(stable) };
  if (free.candidate <= free.stable + increase) return free;
  // On the border the logarithm of the likelihood is concave in the stable rate: its slope falls through 0 once.
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

/** Logarithm, as all likelihoods here. */
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

/** Stirling's series from 10 on, the recurrence below: relative error under 1e-12 for what is asked here. */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 10; at += 1) shift -= Math.log(at);
  const inverse = 1 / at;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return shift + (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series;
}
