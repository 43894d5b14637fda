import { expect, test } from "vitest";

import { quantityNumber } from "../../../crds/schema/grammar/quantity.ts";

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

test.each(["", "4GB", "-1", "1 Gi", "Gi", "1e", "abc"])("knows that %j is no quantity", (text) => {
  expect(quantityNumber(text)).toBeUndefined();
});
