import { Type } from "typebox";
import { expect, test } from "vitest";
import { countOrPercent } from "../../../crds/schema/count-or-percent.ts";
import { structuralSchemaOf } from "../../../crds/schema/structural-printer.ts";
import { collectedRules } from "../../../crds/schema/collected-rules.ts";

test("becomes int-or-string with one rule for both forms", () => {
  const field = countOrPercent({ description: "Pods.", assumed: "25%" });
  const rules = [...collectedRules(Type.Object({ field })).values()];
  expect(structuralSchemaOf(field)).toMatchObject({
    "x-kubernetes-int-or-string": true,
    "x-kubernetes-validations": [{ message: "must be a number of pods or a percentage, such as 1 or 25%" }],
  });
  expect(["0", 3, "25%", "100%"].map((value) => rules[0]?.holds(value))).toEqual([true, true, true, true]);
  expect([-1, "101%", "a", ""].map((value) => rules[0]?.holds(value))).toEqual([false, false, false, false]);
});
