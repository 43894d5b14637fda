import { ways } from "../levels/ways.ts";
import { dearness } from "./dearness.ts";

/** What the ways have cost, what each says by that, and what not knowing the best of them has cost. */
interface Ledger {
  readonly cost: readonly number[];
  readonly says: number[];
  readonly regret: number;
}

/** Costs that are no reason to prefer a way before anything was lost by it: a crowd of late requests is still to be seen. */
const indifferentRequests = 30;
const indifference = { least: 50, most: 600 } as const;

/**
 * How far a way may trail the best to have 1 / e of its say. As in AdaHedge (de Rooij, van Erven, Grünwald, Koolen: Follow
 * the leader if you can, hedge if you must, 2014): the more was lost by not knowing the best, the longer the others are
 * heard. What all ways lose alike, as a crowd that none foresees, changes nothing. The cheaper late requests are, the sooner
 * the best is followed: to hear all for long is kept for what costs most when it is wrong.
 */
export function scaleOf({ regret }: Pick<Ledger, "regret">, kappa: number): number {
  const beforehand = Math.max(indifference.least, Math.min(indifference.most, indifferentRequests * kappa));
  return beforehand + (regret * (1 + dearness(kappa))) / 2 / Math.log(ways.length);
}

/** What each way says by what it has cost: the cheapest 1, and who trails it by too much nothing. Fills `says`. */
export function weighSays({ cost, says, regret }: Ledger, kappa: number): void {
  const scale = scaleOf({ regret }, kappa);
  const cheapest = least(cost);
  for (let way = 0; way < ways.length; way += 1) {
    const trailing = ((cost[way] ?? 0) - cheapest) / scale;
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
function least(values: ArrayLike<number>): number {
  let found = Number.POSITIVE_INFINITY;
  for (let index = 0; index < values.length; index += 1) found = Math.min(found, values[index] ?? found);
  return found;
}
