import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RevisionRoute } from "../../../runtime/contract/route-table.ts";
import { nextRevision } from "../../../runtime/gateway/routing/split.ts";

function revision(hash: string, weight: number, endpoints = 1): RevisionRoute {
  const pods = Array.from({ length: endpoints }, (_, i) => ({
    pod: `${hash}-${i}`,
    address: `10.0.0.${i}`,
    port: 8501,
  }));
  return { hash, version: "1", weight, endpoints: pods, draining: [] };
}

function taken(revisions: readonly RevisionRoute[], requests: number): string {
  const debts = new Map<string, number>();
  return Array.from({ length: requests }, () => nextRevision(revisions, debts)?.hash ?? "-").join("");
}

describe("nextRevision", () => {
  const cases: Record<string, [readonly RevisionRoute[], string]> = {
    "one revision with all the weight takes everything": [[revision("a", 100)], "aaaaaa"],
    "three to one alternates smoothly": [[revision("a", 75), revision("b", 25)], "aabaaaba"],
    "a weight of zero takes nothing": [[revision("a", 0), revision("b", 100)], "bbbb"],
    "a revision with no ready endpoint takes nothing, whatever its weight": [
      [revision("a", 90, 0), revision("b", 10)],
      "bbbb",
    ],
    "nothing ready: nobody": [[revision("a", 100, 0)], "--"],
    "no revision: nobody": [[], "-"],
  };
  for (const [sentence, [revisions, want]] of Object.entries(cases))
    test(sentence, () => expect(taken(revisions, want.length)).toBe(want));

  test("after any number of requests each revision is less than one request from its share", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 500 }), (weight, requests) => {
        const sequence = taken([revision("a", weight), revision("b", 100 - weight)], requests);
        const share = sequence.replaceAll("b", "").length;
        expect(Math.abs(share - (requests * weight) / 100)).toBeLessThan(1);
      }),
    );
  });

  test("a revision that comes back gets its share, not a burst for the time it was away", () => {
    const debts = new Map<string, number>();
    const away = [revision("a", 50), revision("b", 50, 0)];
    for (let i = 0; i < 100; i += 1) nextRevision(away, debts);
    const back = [revision("a", 50), revision("b", 50)];
    const sequence = Array.from({ length: 10 }, () => nextRevision(back, debts)?.hash).join("");
    expect(sequence).toBe("ababababab");
  });
});
