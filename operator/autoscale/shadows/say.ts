import { ways } from "../levels/ways.ts";

/** What the ways have cost, and what not knowing the best of them has. */
interface Ledger {
  readonly cost: readonly number[];
  readonly regret: number;
}

/** Costs that are no reason to prefer a way before anything was lost by it: a crowd of late requests is still to be seen. */
const indifferentRequests = 30;
const indifference = { least: 50, most: 600 } as const;

/**
 * How far a way may trail the best to have 1 / e of its say. As in AdaHedge (de Rooij, van Erven, Grünwald, Koolen: Follow
 * the leader if you can, hedge if you must, 2014): the more was lost by not knowing the best, the longer the others are
 * heard. What all ways lose alike, as a crowd that none foresees, changes nothing.
 */
export function scaleOf({ regret }: Ledger, kappa: number): number {
  const beforehand = Math.max(indifference.least, Math.min(indifference.most, indifferentRequests * kappa));
  return beforehand + regret / Math.log(ways.length);
}

/** What a moment adds to the regret: the mean loss by everybody's say above the best mixture's (its mixability gap). */
export function regretOf(before: Ledger, losses: Float64Array, kappa: number): number {
  const scale = scaleOf(before, kappa);
  const cheapest = Math.min(...before.cost);
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  if (least === most) return 0;
  let [says, mean, mixed] = [0, 0, 0];
  for (let way = 0; way < losses.length; way += 1) {
    const say = Math.exp((cheapest - (before.cost[way] ?? 0)) / scale);
    const loss = (losses[way] ?? 0) - least;
    says += say;
    mean += say * loss;
    mixed += loss === 0 ? say : say * Math.exp(-loss / scale);
  }
  return Math.max(0, mean / says + scale * Math.log(mixed / says));
}
