import { tenureIndex, type TenureName } from "./tenures.ts";
import { triggers } from "./triggers.ts";

/** One way of scaling: when to order, and how long to keep. */
export interface Way {
  /** Index of its trigger and of its tenure. */
  readonly trigger: number;
  readonly tenure: number;
  /** Of a hundred models how many it suits best, for each of `fittedKappas`. */
  readonly shares: readonly number[];
}

/** What a late request was worth where the shares were fitted: the classes. */
export const fittedKappas = [2, 20, 100] as const;

type Shares = readonly [number, number, number];

/**
 * By trigger the tenures that are tried with it, and the shares. Of 108 products these are the ones whose best in hindsight costs
 * least on drawn traffic, one added after the other; the shares are the likeliest on it, by test/bench/autoscaling-prior.ts.
 */
const table: Readonly<Record<string, Readonly<Partial<Record<TenureName, Shares>>>>> = {
  "0": { instant: [20, 0, 0], patient: [0, 1, 0], lasting: [0, 17, 36] },
  "0 rising": { short: [10, 0, 0] },
  "0.5": { instant: [63, 0, 0] },
  "1": { medium: [0, 22, 0] },
  "1 rising": { short: [4, 23, 0] },
  "1.5": { medium: [0, 15, 17] },
  "2": { short: [0, 3, 15], lasting: [0, 0, 1] },
  "3.5": { medium: [0, 0, 8], patient: [0, 1, 3] },
  "3.5 rising": { short: [0, 3, 3] },
  "6": { patient: [0, 1, 6], lasting: [0, 0, 2] },
  "0.75 calm": { short: [0, 5, 0], patient: [0, 6, 7] },
  "1.5 calm": { medium: [3, 0, 0] },
  "2.5 calm": { instant: [0, 3, 0] },
  "4 calm": { lasting: [0, 0, 2] },
};

/** All ways. */
export const ways: readonly Way[] = triggers.flatMap(({ name }, trigger) =>
  Object.entries(table[name] ?? {}).map(([tenure, shares]) => ({
    trigger,
    tenure: tenureIndex(tenure as TenureName), // a key of the table
    shares,
  })),
);
