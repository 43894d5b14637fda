import { array, assert, constantFrom, nat, property, tuple } from "fast-check";
import { Type } from "typebox";
import { describe, expect, test } from "vitest";

import { durationMs } from "../../../crds/schema/grammar/duration.ts";
import { duration } from "../../../crds/schema/duration.ts";
import { structuralSchemaOf } from "../../../crds/schema/structural-printer.ts";
import { collectedRules } from "../../../crds/schema/collected-rules.ts";
import { issueText } from "../../../crds/schema/structural/issue.ts";
import { validate } from "../../../crds/schema/structural/validate.ts";

describe("durationMs", () => {
  test.each([
    ["0s", 0],
    ["50ms", 50],
    ["1.5s", 1_500],
    ["1m30s", 90_000],
    ["1h1m1s1ms", 3_661_001],
    ["2h", 7_200_000],
  ])("reads %s as %d ms", (text, want) => {
    expect(durationMs(text)).toBe(want);
  });

  test.each(["", "5", "-1s", "1d", "1s ", "1.s", "s"])("%j is not a duration", (text) => {
    expect(durationMs(text)).toBeNaN();
  });
});

test("a duration is refused if and only if it is out of bounds", () => {
  const schema = Type.Object(
    { wait: duration({ description: "A.", atLeast: "1s", atMost: "1m" }) },
    { description: "B." },
  );
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const part = tuple(nat(999_999), constantFrom<keyof typeof units>("ms", "s", "m", "h"));
  assert(
    property(array(part, { minLength: 1, maxLength: 2 }), (parts) => {
      const wait = parts.map(([amount, unit]) => `${amount}${unit}`).join("");
      const ms = parts.reduce((sum, [amount, unit]) => sum + amount * units[unit], 0);
      const issues = validate({ schema: structuralSchemaOf(schema), value: { wait }, rules: collectedRules(schema) });
      const inside = ms >= 1_000 && ms <= 60_000;
      expect(issues.map(issueText)).toEqual(
        inside ? [] : [`wait: Invalid value: "${wait}": must be between 1s and 1m`],
      );
    }),
  );
});
