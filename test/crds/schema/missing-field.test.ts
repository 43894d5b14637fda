import { describe, expect, test } from "vitest";
import { missingField } from "../../../crds/schema/missing-field.ts";
import type { StructuralSchema } from "../../../crds/schema/structural/structural-schema.ts";
import { modelDeploymentSchema } from "../../../crds/v1alpha1/definition.ts";

const object = (properties: Readonly<Record<string, StructuralSchema>>): StructuralSchema => ({
  type: "object",
  properties,
});
const text: StructuralSchema = { type: "string" };
const schema = object({
  a: text,
  list: { type: "array", items: object({ b: text }) },
  map: { type: "object", additionalProperties: object({ c: text }) },
});
const without = (changes: Readonly<Record<string, StructuralSchema>>): StructuralSchema => ({
  ...schema,
  properties: { ...schema.properties, ...changes },
});

const cases: Readonly<Record<string, { served: unknown; want: string | undefined }>> = {
  "none in the same version": { served: schema, want: undefined },
  "none in a newer version": { served: without({ z: text }), want: undefined },
  "a field": { served: object({ list: text, map: text }), want: ".a" },
  "a field of a list's entries": { served: without({ list: { type: "array", items: object({}) } }), want: ".list[].b" },
  "a field of a map's values": {
    served: without({ map: { type: "object", additionalProperties: object({}) } }),
    want: ".map.*.c",
  },
  "a map that was an object without fields": { served: without({ map: { type: "object" } }), want: ".map.*" },
  "none in a version that preserves unknown fields": {
    served: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    want: undefined,
  },
  "without a schema": { served: undefined, want: ".a" },
};

describe("the missing field of another version of a schema", () => {
  test.each(Object.entries(cases))("%s", (_sentence, { served, want }) => {
    expect(missingField(schema, served)).toBe(want);
  });

  test("none in the schema of the CRD itself", () => {
    expect(missingField(modelDeploymentSchema, JSON.parse(JSON.stringify(modelDeploymentSchema)))).toBeUndefined();
  });
});
