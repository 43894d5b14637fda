import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, hash } from "../../../../operator/model-deployment/plan/hash.ts";

describe("the canonical JSON of a value", () => {
  test("sorts keys, leaves out what is undefined and keeps the order of lists", () => {
    expect(canonicalJson({ b: [2, 1, { d: null, c: undefined }], a: "x" })).toBe('{"a":"x","b":[2,1,{"d":null}]}');
  });

  test("reads back as the value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("the hash of a value", () => {
  test("never changes: it is part of names of objects that outlive a release", () => {
    expect(hash({ model: { source: { configMap: { name: "models", key: "digits.h5" } } } })).toMatchInlineSnapshot(
      `"u77tfsyia4"`,
    );
  });

  test("fits into names: ten lower-case letters and digits", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(hash(value)).toMatch(/^[a-z0-9]{10}$/);
      }),
    );
  });

  test("does not depend on the order of keys", () => {
    expect(hash({ a: 1, b: 2 })).toBe(hash({ b: 2, a: 1 }));
  });

  test("distinguishes 100,000 similar values", () => {
    expect(new Set(Array.from({ length: 100_000 }, (_, index) => hash({ index }))).size).toBe(100_000);
  });
});
