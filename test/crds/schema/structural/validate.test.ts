import { describe, expect, test } from "vitest";

import { rule, type RuleTable } from "../../../../crds/schema/rule.ts";
import { issueText } from "../../../../crds/schema/structural/issue.ts";
import { unknownRules } from "../../../../crds/schema/structural/rule-check.ts";
import type { StructuralSchema } from "../../../../crds/schema/structural/structural-schema.ts";
import { validate } from "../../../../crds/schema/structural/validate.ts";

const noRules: RuleTable = new Map();

const skipped =
  "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

function lines(field: StructuralSchema, value: unknown, rules = noRules): string[] {
  const schema: StructuralSchema = { type: "object", properties: { a: field } };
  return validate({ schema, value: { a: value }, rules }).map(issueText);
}

// Texts of a kube-apiserver 1.37; test/crds/real-api-server.test.ts compares ours with a running one.
const table: readonly [string, StructuralSchema, unknown, readonly string[]][] = [
  [
    "a string for a number",
    { type: "integer" },
    "x",
    ['a: Invalid value: "string": a in body must be of type integer: "string"', skipped],
  ],
  [
    "null for a string",
    { type: "string" },
    null,
    ['a: Invalid value: "null": a in body must be of type string: "null"', skipped],
  ],
  ["null where it is allowed", { type: "string", nullable: true }, null, []],
  [
    "true for a formatted number",
    { type: "integer", format: "int32" },
    true,
    ['a: Invalid value: "": a in body must be of type int32: ""', skipped],
  ],
  [
    "a list for a quantity",
    { "x-kubernetes-int-or-string": true },
    [],
    ['a: Invalid value: "array": a in body must be of type integer,string: "array"', skipped],
  ],
  ["an integer for a number", { type: "number" }, 1, []],
  [
    "a number below an exclusive minimum",
    { type: "number", minimum: 1, exclusiveMinimum: true },
    1,
    ["a: Invalid value: 1: a in body should be greater than 1"],
  ],
  [
    "a number above an exclusive maximum",
    { type: "number", maximum: 1.5, exclusiveMaximum: true },
    1.5,
    ["a: Invalid value: 1.5: a in body should be less than 1.5"],
  ],
  [
    "an integer out of the range of its format",
    { type: "integer", format: "int32" },
    2 ** 31,
    ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in a'],
  ],
  [
    "a string that is too long",
    { type: "string", maxLength: 1 },
    "ab",
    ["a: Too long: may not be more than 1 byte", skipped],
  ],
  ["characters that take two UTF-16 units", { type: "string", maxLength: 1 }, "😀", []],
  [
    "a string that is too short",
    { type: "string", minLength: 2 },
    "a",
    ['a: Invalid value: "a": a in body should be at least 2 chars long'],
  ],
  [
    "a string that does not match its pattern",
    { type: "string", pattern: "^a$" },
    'b"\n\u0001',
    [`a: Invalid value: "b\\"\\n\\x01": a in body should match '^a$'`],
  ],
  [
    "an invalid date",
    { type: "string", format: "date-time" },
    "today",
    ['a: Invalid value: "today": a in body must be of type date-time: "today"', skipped],
  ],
  ["a date", { type: "string", format: "date-time" }, "2024-11-03T10:00:00.5+01:00", []],
  [
    "a string that is not in the enum",
    { type: "string", enum: ["A", "B"] },
    "C",
    ['a: Unsupported value: "C": supported values: "A", "B"', skipped],
  ],
  [
    "a list that is too long",
    { type: "array", maxItems: 1 },
    [1, 2],
    ["a: Too many: 2: must have at most 1 item", skipped],
  ],
  [
    "a list that is too short",
    { type: "array", minItems: 1 },
    [],
    ["a: Invalid value: 0: a in body should have at least 1 items"],
  ],
  [
    "a map that is too large",
    { type: "object", maxProperties: 1 },
    { b: 1, c: 1 },
    ["a: Too many: 2: must have at most 1 item", skipped],
  ],
  [
    "a map that is too small",
    { type: "object", minProperties: 1 },
    {},
    ["a: Invalid value: 0: a in body should have at least 1 properties"],
  ],
  ["a missing field", { type: "object", required: ["b"] }, {}, ["a.b: Required value", skipped]],
  [
    "a wrong value in a map",
    { type: "object", additionalProperties: { type: "string" } },
    { "x/y": 1 },
    ['a.x/y: Invalid value: "integer": a.x/y in body must be of type string: "integer"', skipped],
  ],
  [
    "a duplicate in a set",
    { type: "array", "x-kubernetes-list-type": "set" },
    ["b", "c", "b", "b"],
    ['a[2]: Duplicate value: "b"'],
  ],
  [
    "a duplicate in a keyed list",
    { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["z", "k"] },
    [{ k: "<" }, { k: "<" }],
    ['a[1]: Duplicate value: {"k":"\\u003c"}'],
  ],
  [
    "a scalar in a keyed list",
    { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] },
    [1],
    ["a[0]: Invalid value: 1: must be an object for an array of list-type map"],
  ],
];

describe("validate", () => {
  test.each(table)("complains about %s as the API server does", (_what, schema, value, want) => {
    expect(lines(schema, value)).toEqual(want);
  });

  test("evaluates rules of strings, objects, maps and lists, and reports their fieldPath", () => {
    const odd = rule<number>({ cel: "self % 2 == 1", message: " must be odd ", holds: (self) => self % 2 === 1 });
    const both = rule<object>({ cel: "has(self.b)", message: "b is missing", holds: (self) => "b" in self });
    const rules: RuleTable = new Map([odd, both].map((entry) => [entry.cel, entry]));
    const number: StructuralSchema = {
      type: "integer",
      "x-kubernetes-validations": [{ rule: odd.cel, message: odd.message }, { rule: "unknown" }],
    };
    const object: StructuralSchema = {
      type: "object",
      properties: { list: { type: "array", items: number }, map: { type: "object", additionalProperties: number } },
      "x-kubernetes-validations": [{ rule: both.cel, fieldPath: ".map", reason: "FieldValueRequired" }],
    };
    expect(lines(object, { list: [1, 2], map: { k: 4 } }, rules)).toEqual([
      "a.map: Required value: failed rule: has(self.b)",
      "a.list[1]: Invalid value: 2: must be odd",
      "a.map[k]: Invalid value: 4: must be odd",
    ]);
    expect(unknownRules(object, rules)).toEqual(["unknown", "unknown"]);
  });

  test("reports equal errors once", () => {
    const text: StructuralSchema = { type: "integer", format: "int32" };
    const schema: StructuralSchema = { type: "object", properties: { a: text } };
    const found = validate({ schema, value: { a: 2 ** 40 }, rules: noRules });
    expect(found).toHaveLength(1);
  });
});
