/** A way that costs so much more than the best, as a part, is 1 / e as likely to be what the traffic asks for. */
const tolerance = 0.05;
const rounds = 300;

/**
 * The shares of the ways under which such costs (by traffic, by way) are likeliest: expectation maximisation of the weights of a mixture,
 * as for an empirical prior (Robbins: An empirical Bayes approach to statistics, 1956).
 */
export function likeliestShares(costs: readonly Float64Array[]): readonly number[] {
  const likelihoods = costs.map((row) => {
    const least = Math.min(...row);
    return Array.from(row, (cost) => Math.exp(-(cost / least - 1) / tolerance));
  });
  const count = costs[0]?.length ?? 0;
  let shares = Array.from({ length: count }, () => 1 / count);
  for (let round = 0; round < rounds; round += 1) shares = improved(shares, likelihoods);
  return shares;
}

function improved(shares: readonly number[], likelihoods: readonly (readonly number[])[]): number[] {
  const next = shares.map(() => 0);
  for (const row of likelihoods) {
    const sum = row.reduce((total, likelihood, way) => total + likelihood * (shares[way] ?? 0), 0);
    row.forEach((likelihood, way) => {
      next[way] = (next[way] ?? 0) + (likelihood * (shares[way] ?? 0)) / sum / likelihoods.length;
    });
  }
  return next;
}
