import fc from "fast-check";
import { expect, test } from "vitest";

import { isEqual } from "../../../../operator/model-deployment/plan/equality.ts";
import { canonicalJson } from "../../../../operator/model-deployment/plan/hash.ts";

const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, fc.constantFrom(undefined, null, 0, 1, "", "a", true), tie("list"), tie("object")),
  list: fc.array(
    tie("any").filter((entry) => entry !== undefined),
    { maxLength: 2 },
  ),
  object: fc.dictionary(fc.constantFrom("a", "b", "toString"), tie("any"), { maxKeys: 2 }),
})).any;

test("two values are equal when their texts with sorted keys are", () => {
  fc.assert(
    fc.property(value, value, (one, other) => {
      fc.pre(one !== undefined && other !== undefined);
      expect(isEqual(one, other)).toBe(canonicalJson(one) === canonicalJson(other));
    }),
    { numRuns: 5_000 },
  );
});

test("a value is equal to its copy", () => {
  fc.assert(
    fc.property(value, (one) => {
      expect(isEqual(one, structuredClone(one))).toBe(true);
    }),
  );
});
