import type { CountsQuestion } from "./question.ts";

/** Pods of the candidate in the end of the present step, where there is room for them. */
export function stepPods({ strategy, wanted, stepWeight }: CountsQuestion): number {
  return strategy === "BlueGreen" ? wanted : need(wanted, stepWeight);
}

/** Pods of `wanted` that carry a weight in percent; at least one, so that there is something to look at. */
export function need(wanted: number, weight: number): number {
  return Math.min(wanted, Math.max(1, Math.ceil((wanted * weight) / 100)));
}

/**
 * The weight in percent that some of all pods carry. Weights are whole numbers and shares of pods are not: the larger
 * side takes what is rounded, there it is least for each pod (below 2 % of its load).
 */
export function carriedWeight(some: number, all: number): number {
  if (some >= all) return 100;
  const share = (100 * some) / all;
  return 2 * some >= all ? Math.ceil(share) : Math.floor(share);
}

/** Fewest pods that carry a weight when `all` carry everything: the rest carries what is left. */
export function carriers(weight: number, all: number): number {
  if (weight <= 0) return 0;
  const exact = Math.min(all, Math.ceil((weight * all) / 100));
  const fewest = Math.min(all, Math.floor(((weight - 1) * all) / 100) + 1);
  return carriedWeight(all - fewest, all) <= 100 - weight ? fewest : exact;
}
