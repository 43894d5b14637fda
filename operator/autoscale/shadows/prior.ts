import { fittedKappas, ways } from "../levels/ways.ts";

/** Part of the say beforehand that all ways have alike: what is tried on may be unlike what was fitted. */
const open = 0.1;

const known = new Map<number, Float64Array>();

/**
 * What speaks against each way before anything was seen, in scales of its cost: −ln of its share of the traffic that it suits best,
 * at this κ. Between those that were fitted shares are on the line over ln κ.
 */
export function doubtsOf(kappa: number): Float64Array {
  const found = known.get(kappa);
  if (found !== undefined) return found;
  const doubts = Float64Array.from(
    ways,
    ({ shares }) => -Math.log(((1 - open) * between(shares, kappa)) / 100 + open / ways.length),
  );
  known.set(kappa, doubts);
  return doubts;
}

function between(shares: readonly number[], kappa: number): number {
  const above = fittedKappas.findIndex((fitted) => fitted >= kappa);
  const upper = shares.at(above) ?? 0;
  if (above <= 0) return upper;
  const [low = 1, high = 1] = fittedKappas.slice(above - 1);
  const part = Math.log(kappa / low) / Math.log(high / low);
  return (shares[above - 1] ?? 0) * (1 - part) + upper * part;
}
