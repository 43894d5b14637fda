import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resetSplit, nextMember } from "../../../../../runtime/gateway/routing/split/weighted-split.ts";

function members(...weights: readonly number[]) {
  return weights.map((weight, i) => ({ name: "abcdefgh"[i] ?? "?", weight, debt: 0 }));
}

function taken(among: ReturnType<typeof members>, requests: number): string {
  return Array.from({ length: requests }, () => nextMember(among)?.name ?? "-").join("");
}

/** Largest distance of a member from its share after any number of the requests. */
function largestError(among: ReturnType<typeof members>, requests: number): number {
  const total = among.reduce((sum, { weight }) => sum + weight, 0);
  const counts = new Map<string, number>();
  let largest = 0;
  for (let n = 1; n <= requests; n += 1) {
    const name = nextMember(among)?.name ?? "-";
    counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const { name, weight } of among)
      largest = Math.max(largest, Math.abs((counts.get(name) ?? 0) - (n * weight) / total));
  }
  return largest;
}

describe("nextMember", () => {
  const cases: Record<string, [readonly number[], string]> = {
    "one alone takes everything": [[100], "aaaaaa"],
    "three to one alternates smoothly": [[75, 25], "aabaaaba"],
    "shares are relative to the sum of weights": [[30, 10], "aabaaaba"],
    "three with equal weights take turns": [[20, 20, 20], "abcabcabc"],
    "no member: none": [[], "--"],
  };
  for (const [sentence, [weights, want]] of Object.entries(cases))
    test(sentence, () => expect(taken(members(...weights), want.length)).toBe(want));

  test("at every weight, from every phase and after any number of requests, each of two members is less than one request from its share", () => {
    for (let weight = 1; weight < 100; weight += 1) {
      for (const phase of [0, 0.1, 0.25, 0.5, 0.618, 0.999]) {
        const two = members(100 - weight, weight);
        resetSplit(two, phase);
        expect(largestError(two, 300)).toBeLessThan(1);
      }
    }
  });

  test("any number of members with any weights stay less than one request from their shares", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (weights, phase) => {
        const all = members(...weights);
        resetSplit(all, phase);
        expect(largestError(all, 500)).toBeLessThan(1);
      }),
    );
  });

  test("while weights rise, each of two members stays less than one request from the sum of its shares", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 400 }), (weights) => {
        const [a, b] = members(50, 50);
        if (a === undefined || b === undefined) throw new Error("two were made");
        resetSplit([a, b], 0.3);
        let [share, count] = [0, 0];
        for (const weight of weights) {
          a.weight = 100 - weight;
          b.weight = weight;
          share += weight / 100;
          if (nextMember([a, b]) === b) count += 1;
          expect(Math.abs(count - share)).toBeLessThan(1);
        }
      }),
    );
  });

  test("gateways with different phases do not send their first requests to the candidate together", () => {
    const turns = [0, 0.25, 0.5, 0.75].map((phase) => {
      const two = members(90, 10);
      resetSplit(two, phase);
      return taken(two, 20).indexOf("b");
    });
    expect(turns).toEqual([0, 2, 5, 7]);
  });
});
