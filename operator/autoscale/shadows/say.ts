import { ways } from "../levels/ways.ts";
import { doubtsOf } from "./prior.ts";

/** What the ways have cost, what each says by that, and what was lost by not knowing the best of them or may be. */
interface Ledger {
  readonly cost: readonly number[];
  readonly says: number[];
  readonly regret: number;
  readonly stakes: number;
}

/** Costs that are no reason to prefer a way before anything was lost by it: a crowd of late requests is still to be seen. */
const indifferentRequests = 30;
const indifference = { least: 50, most: 600 } as const;
/**
 * Of what the dearest block cost at least: what all ways lost in a crowd the next one may cost those that save beforehand. 0.1 of
 * 0, 0.05, 0.1, 0.2: on drawn traffic cost 0.786 for 0.791 without at κ 20, 0.658 for 0.678 at 100.
 */
const heededStakes = 0.1;

/**
 * How far a way may trail the best to have 1 / e of its say. As in AdaHedge (de Rooij, van Erven, Grünwald, Koolen: Follow
 * the leader if you can, hedge if you must, 2014): the more was lost by not knowing the best, the longer the others are
 * heard; and the more is at stake, the range of losses that Hedge is tuned to.
 */
export function scaleOf({ regret, stakes }: Pick<Ledger, "regret" | "stakes">, kappa: number): number {
  const beforehand = Math.max(indifference.least, Math.min(indifference.most, indifferentRequests * kappa));
  return beforehand + regret / Math.log(ways.length) + heededStakes * stakes;
}

/** What each way says by its cost and by the prior: the best 1, and who trails it by too much nothing. Fills `says`. */
export function weighSays(ledger: Ledger, kappa: number): void {
  const { cost, says } = ledger;
  const scale = scaleOf(ledger, kappa);
  const doubts = doubtsOf(kappa);
  let best = Number.POSITIVE_INFINITY;
  for (let way = 0; way < ways.length; way += 1) {
    best = Math.min(best, (cost[way] ?? 0) / scale + (doubts[way] ?? 0));
  }
  for (let way = 0; way < ways.length; way += 1) {
    const trailing = (cost[way] ?? 0) / scale + (doubts[way] ?? 0) - best;
    says[way] = trailing < irrelevant ? Math.exp(-trailing) : 0;
  }
}

/** A way that trails the best by so many scales has no say. */
const irrelevant = 9;

/** What a block of time adds to the regret: the mean loss by everybody's say above the best mixture's (its mixability gap). */
export function regretOf(says: readonly number[], losses: ArrayLike<number>, scale: number): number {
  const smallest = least(losses);
  let sum = 0;
  let mean = 0;
  let mixed = 0;
  for (let way = 0; way < losses.length; way += 1) {
    const say = says[way] ?? 0;
    if (say === 0) continue;
    const loss = (losses[way] ?? 0) - smallest;
    sum += say;
    mean += say * loss;
    mixed += loss === 0 ? say : say * Math.exp(-loss / scale);
  }
  return mean === 0 ? 0 : Math.max(0, mean / sum + scale * Math.log(mixed / sum));
}

/** By hand: to spread them would copy them. */
export function least(values: ArrayLike<number>): number {
  let found = Number.POSITIVE_INFINITY;
  for (let index = 0; index < values.length; index += 1) found = Math.min(found, values[index] ?? found);
  return found;
}
