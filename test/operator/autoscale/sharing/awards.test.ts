import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { awards } from "../../../../operator/autoscale/sharing/awards.ts";
import type { Claim } from "../../../../operator/autoscale/sharing/claim.ts";

const economy = claim("economy", { kappa: 2 });
const balanced = claim("balanced", { kappa: 20 });
const strict = claim("strict", { kappa: 100 });

function claim(key: string, changes: Partial<Claim> = {}): Claim {
  return {
    key,
    devices: 1,
    wanted: 1,
    needed: 1,
    min: 0,
    kappa: 20,
    placed: 0,
    oldestWait: 0,
    startSeconds: 60,
    idleSeconds: 0,
    ...changes,
  };
}

function replicas(claims: readonly Claim[], devices: number): Readonly<Record<string, number>> {
  return Object.fromEntries([...awards(claims, devices)].map(([key, award]) => [key, award.replicas]));
}

const cases: Record<string, [readonly Claim[], number, Readonly<Record<string, number>>]> = {
  "enough for all: everybody gets what it wants": [[{ ...economy, wanted: 2 }, strict], 3, { economy: 2, strict: 1 }],
  "a replica that is kept for what may come is given back first": [
    [{ ...strict, wanted: 3, needed: 1, placed: 3 }, economy],
    3,
    { strict: 2, economy: 1 },
  ],
  "one model idle, one with requests: the idle one goes to zero": [
    [{ ...strict, wanted: 1, needed: 0, placed: 1 }, economy],
    1,
    { strict: 0, economy: 1 },
  ],
  "every model with requests gets its first before another gets its second": [
    [{ ...strict, wanted: 4, needed: 4, placed: 4 }, economy],
    4,
    { strict: 3, economy: 1 },
  ],
  "second replicas go where late requests cost most": [
    [
      { ...economy, wanted: 3, needed: 3 },
      { ...strict, wanted: 3, needed: 3 },
    ],
    4,
    { economy: 1, strict: 3 },
  ],
  "of two equal loads the one with less of it carried comes next": [
    [claim("a", { wanted: 4, needed: 4 }), claim("b", { wanted: 4, needed: 4 })],
    5,
    { a: 3, b: 2 },
  ],
  "fewer devices than models: the dearer one goes first": [
    [economy, balanced, strict],
    2,
    { economy: 0, balanced: 1, strict: 1 },
  ],
  "who has waited for long enough is dearer": [[{ ...economy, oldestWait: 600 }, strict], 1, { economy: 1, strict: 0 }],
  "what was just given stays until it has served": [
    [
      { ...economy, placed: 1, heldSeconds: 70 },
      { ...strict, oldestWait: 60 },
    ],
    1,
    { economy: 1, strict: 0 },
  ],
  "and between two requests": [
    [{ ...economy, needed: 0, placed: 1, heldSeconds: 70, idleSeconds: 5 }, strict],
    1,
    { economy: 1, strict: 0 },
  ],
  "and goes when nobody asks for it any more": [
    [{ ...economy, needed: 0, placed: 1, heldSeconds: 70, idleSeconds: 11 }, strict],
    1,
    { economy: 0, strict: 1 },
  ],
  "a load that has ceased needs nothing, whatever its averages say": [
    [
      { ...strict, needed: 2, wanted: 2, placed: 2, idleSeconds: 11 },
      { ...economy, needed: 2, wanted: 2 },
    ],
    2,
    { strict: 0, economy: 2 },
  ],
  "and goes afterwards": [
    [
      { ...economy, placed: 1, heldSeconds: 110 },
      { ...strict, oldestWait: 60 },
    ],
    1,
    { economy: 0, strict: 1 },
  ],
  "of equals the one that has the device keeps it": [[claim("a"), claim("b", { placed: 1 })], 1, { a: 0, b: 1 }],
  "min goes before what loads need, not before a first replica": [
    [
      { ...economy, wanted: 2, needed: 0, min: 2 },
      { ...strict, wanted: 3, needed: 3 },
    ],
    3,
    { economy: 2, strict: 1 },
  ],
  "a replica of several devices waits for so many": [
    [{ ...strict, devices: 4 }, economy, balanced],
    3,
    { strict: 0, economy: 1, balanced: 1 },
  ],
};

describe("devices that are not enough for all", () => {
  for (const [sentence, [claims, devices, want]] of Object.entries(cases)) {
    test(sentence, () => expect(replicas(claims, devices)).toEqual(want));
  }

  test("who does not get all is told so", () => {
    expect([...awards([{ ...strict, wanted: 3, needed: 3 }], 2).values()]).toEqual([
      { replicas: 2, why: "3 replicas are wanted, but 2 devices are not enough for all models" },
    ]);
  });
});

const anyClaim = (key: string): fc.Arbitrary<Claim> =>
  fc
    .record({
      devices: fc.integer({ min: 1, max: 4 }),
      wanted: fc.integer({ min: 0, max: 6 }),
      needed: fc.integer({ min: 0, max: 6 }),
      min: fc.integer({ min: 0, max: 3 }),
      kappa: fc.constantFrom(2, 20, 100),
      placed: fc.integer({ min: 0, max: 6 }),
      oldestWait: fc.integer({ min: 0, max: 600 }),
      heldSeconds: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
      startSeconds: fc.constantFrom(5, 60, 300),
      idleSeconds: fc.constantFrom(0, 5, 60),
    })
    .map((made) => ({
      ...made,
      key,
      needed: Math.min(made.needed, made.wanted),
      min: Math.min(made.min, made.wanted),
    }));
const anyClaims = fc
  .integer({ min: 1, max: 8 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => anyClaim(`m${index}`))));

test("nobody gets more than it wants, nothing is given twice, nothing that would fit is left", () => {
  fc.assert(
    fc.property(anyClaims, fc.integer({ min: 0, max: 30 }), (claims, devices) => {
      const given = replicas(claims, devices);
      const used = claims.reduce((sum, { key, devices: each }) => sum + each * (given[key] ?? 0), 0);
      expect(used).toBeLessThanOrEqual(devices);
      for (const { key, wanted, devices: each } of claims) {
        expect(given[key]).toBeLessThanOrEqual(wanted);
        if ((given[key] ?? 0) < wanted) expect(each).toBeGreaterThan(devices - used);
      }
      expect(replicas(claims.toReversed(), devices)).toEqual(given);
    }),
  );
});

test("nobody starves: who waits gets its turn whoever it waits for", () => {
  fc.assert(
    fc.property(anyClaims, (others) => {
      const rivals = others.map((one) => ({ ...one, devices: 1, oldestWait: 0, heldSeconds: undefined }));
      const waiting = claim("waiting", { kappa: 2, oldestWait: 1_000 });
      expect(replicas([...rivals, waiting], 1)["waiting"]).toBe(1);
    }),
  );
});
