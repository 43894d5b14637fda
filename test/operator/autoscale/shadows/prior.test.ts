import { describe, expect, test } from "vitest";
import { fittedKappas, ways } from "../../../../operator/autoscale/levels/ways.ts";
import { doubtsOf } from "../../../../operator/autoscale/shadows/prior.ts";

/** What each way says before anything was seen, in hundredths. */
function beforehand(kappa: number): number[] {
  return Array.from(doubtsOf(kappa), (doubt) => 100 * Math.exp(-doubt));
}

describe("the prior", () => {
  test.each([...fittedKappas, 0.5, 7, 50, 1000])("of κ %d is one in sum, and no way is ruled out", (kappa) => {
    const shares = beforehand(kappa);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100);
    expect(Math.min(...shares)).toBeCloseTo(10 / ways.length);
  });

  test("is that of the nearest class beyond the classes, and between two of them lies between theirs", () => {
    expect(beforehand(0.1)).toEqual(beforehand(2));
    expect(beforehand(5000)).toEqual(beforehand(100));
    const [low, middle, high] = [beforehand(20), beforehand(Math.sqrt(20 * 100)), beforehand(100)];
    ways.forEach((_, way) => expect(middle[way]).toBeCloseTo(((low[way] ?? 0) + (high[way] ?? 0)) / 2));
  });
});
