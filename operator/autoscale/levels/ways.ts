import { triggers } from "./triggers.ts";

/** One way of scaling: when to order, and how long to keep. */
export interface Way {
  readonly trigger: number;
  readonly price: number;
}

/** What a start is worth in seconds of a replica, for which keeping is worked out; the last keeps whatever comes back. */
export const prices = [30, 500, Number.POSITIVE_INFINITY] as const;

const [short, long, always] = [0, 1, 2] as const;

/** By trigger the prices that are tried with it: leaving out the others changed no cost, and each takes time. */
const pricesOf: Readonly<Record<string, readonly number[]>> = {
  "0": [short, long, always],
  "0 rising": [long],
  "1": [short, long, always],
  "1 rising": [short, long, always],
  "2": [short, long, always],
  "2 rising": [short, long],
  "3.5": [short, long, always],
  "3.5 rising": [short],
  "6": [short, always],
  "6 rising": [short],
  "1.5 calm": [short, long],
  "2.5 calm": [short, long, always],
};

/** All ways. */
export const ways: readonly Way[] = triggers.flatMap(({ deviations, rising, calm }, trigger) =>
  (pricesOf[`${deviations}${rising ? " rising" : ""}${calm ? " calm" : ""}`] ?? []).map((price) => ({
    trigger,
    price,
  })),
);

/** How far each way is from the one that is best as a rule for what a late request is worth. */
export function stepsFromExpected({ kappa, coldStartSeconds }: Expectation): readonly number[] {
  const caution = kappa <= 6 ? 1 : kappa <= 45 ? 2 : 3;
  const price = coldStartSeconds + 10 * kappa < halfway ? short : long;
  return ways.map((way) => {
    const { deviations, rising, calm } = triggers[way.trigger] ?? { deviations: 0, rising: false, calm: false };
    const own = cautions.findIndex((least) => deviations < least);
    return Math.abs(own - caution) + Math.abs(way.price - price) + (rising ? 1 : 0) + (calm ? 1 : 0);
  });
}

/** What is known before the first request. */
export interface Expectation {
  /** How many seconds of one replica a late request is worth. */
  readonly kappa: number;
  readonly coldStartSeconds: number;
}

/** Deviations below which a way is less cautious than the next. */
const cautions = [0.5, 1.25, 2.25, 4, Number.POSITIVE_INFINITY] as const;
/** Between the finite prices, in their ratio. */
const halfway = Math.sqrt(prices[short] * prices[long]);
