import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { quantityNumber, spelledQuantity } from "../../../crds/schema/grammar/quantity.ts";

test.each([
  [2, 2],
  ["0", 0],
  ["500m", 0.5],
  ["1.5Gi", 1_610_612_736],
  ["1Ki", 1024],
  ["2M", 2_000_000],
  ["1E", 1e18],
  ["1e3", 1000],
  ["1E3", 1000],
  [".5", 0.5],
  ["100n", 1e-7],
])("reads %j as %d", (text, want) => {
  expect(quantityNumber(text)).toBeCloseTo(want, 12);
});

test.each(["", "4GB", "-1", "1 Gi", "Gi", "1e", "abc"])("%j is not a quantity", (text) => {
  expect(quantityNumber(text)).toBeUndefined();
});

const spellings: Readonly<Record<string, string>> = {
  "0.5": "500m",
  "1000m": "1",
  "1500m": "1500m",
  "2": "2",
  "0": "0",
  "0m": "0",
  ".25": "250m",
  "1e3": "1k",
  "1024": "1024",
  "1024Mi": "1Gi",
  "1.5Gi": "1536Mi",
  "0.5Ki": "512",
  "80000M": "80G",
  "512Mi": "512Mi",
  "100n": "100n",
  much: "much",
};

describe("a quantity is spelled as the API server spells it", () => {
  test.each(Object.entries(spellings))("%s is %s", (written, want) => {
    expect(spelledQuantity(written)).toBe(want);
  });

  const amounts = fc.tuple(
    fc.integer({ min: 0, max: 1_000_000 }),
    fc.constantFrom("m", "", "k", "M", "G", "Ki", "Mi", "Gi"),
  );

  test("which is the same amount, and its spelling does not change again", () => {
    fc.assert(
      fc.property(amounts, ([amount, suffix]) => {
        const spelled = spelledQuantity(`${amount}${suffix}`);
        expect(quantityNumber(spelled)).toBeCloseTo(quantityNumber(`${amount}${suffix}`) ?? Number.NaN, 9);
        expect(spelledQuantity(spelled)).toBe(spelled);
      }),
    );
  });
});
