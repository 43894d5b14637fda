import type { CountsInput } from "./counts-input.ts";

/** Pods that the candidate has at the end of the current step, room permitting. */
export function stepPods({ strategy, wanted, stepWeight }: CountsInput): number {
  return strategy === "BlueGreen" ? wanted : podsForStep(wanted, stepWeight);
}

/** Pods out of `wanted` for a step's weight in percent; at least one, so that even a step of 0 % starts the candidate. */
export function podsForStep(wanted: number, weight: number): number {
  return Math.min(wanted, Math.max(1, Math.ceil((wanted * weight) / 100)));
}

/**
 * The weight in percent that `some` of `all` pods carry. Weights are whole numbers and pod shares are not: the larger side
 * takes the rounding, where it adds least to each pod (below 2 % of its load).
 */
export function weightOf(some: number, all: number): number {
  if (some >= all) return 100;
  const share = (100 * some) / all;
  return 2 * some >= all ? Math.ceil(share) : Math.floor(share);
}

/** Fewest pods that carry a weight in percent when `all` pods carry 100: the other pods carry the rest. */
export function fewestPodsFor(weight: number, all: number): number {
  if (weight <= 0) return 0;
  const exact = Math.min(all, Math.ceil((weight * all) / 100));
  const fewest = Math.min(all, Math.floor(((weight - 1) * all) / 100) + 1);
  return weightOf(all - fewest, all) <= 100 - weight ? fewest : exact;
}
