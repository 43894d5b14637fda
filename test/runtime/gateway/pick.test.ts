import { describe, expect, test } from "vitest";
import type { Endpoint } from "../../../runtime/contract/route-table.ts";
import { leastOutstanding } from "../../../runtime/gateway/routing/pick.ts";

function endpoints(count: number): Endpoint[] {
  return Array.from({ length: count }, (_, i) => ({ pod: `p${i}`, address: `10.0.0.${i}`, port: 8501 }));
}

interface Case {
  readonly count: number;
  readonly outstanding: Record<string, number>;
  readonly avoid?: readonly string[];
  readonly random?: number;
  readonly want: string | undefined;
}

describe("leastOutstanding", () => {
  const cases: Record<string, Case> = {
    "no endpoint: none": { count: 0, outstanding: {}, want: undefined },
    "the idle one is taken": { count: 3, outstanding: { "10.0.0.0:8501": 2, "10.0.0.1:8501": 1 }, want: "p2" },
    "a tie is broken by chance": { count: 3, outstanding: {}, random: 0.5, want: "p1" },
    "one that just failed is left aside": {
      count: 2,
      outstanding: { "10.0.0.1:8501": 9 },
      avoid: ["10.0.0.0:8501"],
      want: "p1",
    },
    "when all failed they are tried again": { count: 1, outstanding: {}, avoid: ["10.0.0.0:8501"], want: "p0" },
    "above eight endpoints two are compared": { count: 10, outstanding: { "10.0.0.0:8501": 1 }, random: 0, want: "p1" },
  };
  for (const [sentence, { count, outstanding, avoid = [], random = 0, want }] of Object.entries(cases))
    test(sentence, () => {
      const chosen = leastOutstanding(
        endpoints(count),
        new Map(Object.entries(outstanding)),
        new Set(avoid),
        () => random,
      );
      expect(chosen?.pod).toBe(want);
    });
});
