import { mulberry32 } from "../../../operator/autoscale/simulator/random.ts";

/** A source of random values. */
export interface RandomSource {
  /** Uniform in [0, 1). */
  readonly fraction: () => number;
  /** An integer from `least` to `most`, inclusive. */
  integer(least: number, most: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** True with this probability. */
  bool(probability: number): boolean;
}

/** The random values that a seed determines. */
export function createRandom(seed: number): RandomSource {
  const fraction = mulberry32(seed);
  return {
    fraction,
    integer: (least, most) => least + Math.floor(fraction() * (most - least + 1)),
    pick: (items) => items[Math.floor(fraction() * items.length)] ?? items[0],
    bool: (probability) => fraction() < probability,
  };
}
