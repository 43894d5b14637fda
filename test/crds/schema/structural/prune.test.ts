import { expect, test } from "vitest";

import { pruned, prunedResource } from "../../../../crds/schema/structural/prune.ts";
import type { StructuralSchema } from "../../../../crds/schema/structural/structural-schema.ts";

const inner: StructuralSchema = { type: "object", properties: { k: { type: "string" } } };
const schema: StructuralSchema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        inner,
        list: { type: "array", items: inner },
        map: { type: "object", additionalProperties: inner },
        open: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { inner } },
      },
    },
  },
};

test.each([
  ["a field of an object", { inner: { k: "a", x: 1 } }, { inner: { k: "a" } }, ["spec.inner.x"]],
  ["a field in a list", { list: [{ x: 1 }, { k: "a" }] }, { list: [{}, { k: "a" }] }, ["spec.list[0].x"]],
  ["a field in a map", { map: { any: { x: 1 } } }, { map: { any: {} } }, ["spec.map.any.x"]],
  ["nothing where unknown fields are preserved", { open: { x: { y: 1 } } }, { open: { x: { y: 1 } } }, []],
  [
    "unknown fields of a known field inside a preserved object",
    { open: { inner: { x: 1 } } },
    { open: { inner: {} } },
    ["spec.open.inner.x"],
  ],
  [
    "nothing from a value of the wrong type",
    { inner: "text", list: { x: 1 } },
    { inner: "text", list: {} },
    ["spec.list.x"],
  ],
  ["whole unknown subtrees by their first field", { b: { c: 1 }, a: [1] }, {}, ["spec.a", "spec.b"]],
])("removes %s", (_what, spec, want, unknownFields) => {
  expect(pruned(schema, { spec })).toEqual({ value: { spec: want }, unknownFields });
});

test("a resource keeps its metadata even if the schema does not have it", () => {
  const object = { apiVersion: "a/v1", kind: "A", metadata: { name: "x", labels: { a: "b" } }, spec: {}, data: 1 };
  const { data: _, ...kept } = object;
  expect(prunedResource(schema, object)).toEqual({ value: kept, unknownFields: ["data"] });
});
