import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { memberText, withoutManagedFields } from "../../../../operator/kube/json/json-text.ts";

/** Strings that look like JSON to a careless reader. */
const hostile = fc.constantFrom('"', "\\", '\\"', "{", "}", "[", "]", '"managedFields":[', '":{', ",", "ü", "a");
const text = fc.array(hostile, { maxLength: 6 }).map((parts) => parts.join(""));
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 4 }, text, fc.integer(), fc.boolean(), fc.constant(null), tie("list"), tie("object")),
  list: fc.array(tie("any"), { maxLength: 3 }),
  object: fc.dictionary(text, tie("any"), { maxKeys: 4 }),
}));
const spaced = fc.constantFrom(undefined, 1);

describe("the JSON of a member", () => {
  test("is what a parser finds", () => {
    fc.assert(
      fc.property(value.object, value.any, value.object, spaced, (before, wanted, after, indent) => {
        const metadata = { ...(before as object), uid: wanted, ...(after as object) };
        const whole = { ...(after as object), metadata, ...(before as object) };
        const found = memberText(JSON.stringify(whole, undefined, indent), ["metadata", "uid"]);
        const expected: unknown = JSON.parse(JSON.stringify(metadata.uid));
        expect(found === undefined ? undefined : JSON.parse(found)).toEqual(expected);
      }),
    );
  });

  test.each([
    { sentence: "when there is no member of that name", json: '{"a":{"c":1}}' },
    { sentence: "when the outer member is not an object", json: '{"a":1}' },
    { sentence: "for an array", json: "[1]" },
    { sentence: "for JSON that ends within a name", json: '{"a' },
    { sentence: "for JSON that ends within a value", json: '{"a":{"b":"x' },
    { sentence: "for empty JSON", json: "" },
    { sentence: "for JSON that ends before a value", json: '{"a":{"b":' },
    { sentence: "for JSON without a colon", json: '{"a" {"b":1}}' },
  ])("is undefined $sentence", ({ json }) => {
    expect(memberText(json, ["a", "b"])).toBeUndefined();
  });
});

describe("managed fields", () => {
  test("are left out, and nothing else is", () => {
    fc.assert(
      fc.property(fc.array(value.any), value.object, value.object, (managedFields, before, after) => {
        const metadata = { ...(before as object), managedFields, ...(after as object) };
        const json = JSON.stringify({ type: "ADDED", object: { metadata, spec: after } });
        const shorter = { type: "ADDED", object: { metadata: { ...metadata, managedFields: [] }, spec: after } };
        expect(JSON.parse(withoutManagedFields(json))).toEqual(JSON.parse(JSON.stringify(shorter)));
      }),
    );
  });

  test("of truncated JSON stay, so that a parser reports the error", () => {
    expect(withoutManagedFields('{"managedFields":[{"a')).toBe('{"managedFields":[{"a');
  });
});
