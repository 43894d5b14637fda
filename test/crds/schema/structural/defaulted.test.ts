import { expect, test } from "vitest";

import { defaulted } from "../../../../crds/schema/structural/defaulted.ts";
import type { StructuralSchema } from "../../../../crds/schema/structural/structural-schema.ts";

const schema: StructuralSchema = {
  type: "object",
  properties: {
    n: { type: "integer", default: 1 },
    text: { type: "string" },
    maybe: { type: "string", nullable: true },
    open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    inner: { type: "object", properties: { m: { type: "integer", default: 2 } } },
    filled: { type: "object", default: {}, properties: { m: { type: "integer", default: 3 } } },
    list: { type: "array", items: { type: "object", properties: { m: { type: "integer", default: 4 } } } },
    map: {
      type: "object",
      additionalProperties: { type: "object", properties: { m: { type: "integer", default: 5 } } },
    },
  },
};

test.each([
  ["fills in absent fields, also inside a default", {}, { n: 1, filled: { m: 3 } }],
  ["keeps present values", { n: 7, filled: { m: 8 } }, { n: 7, filled: { m: 8 } }],
  [
    "does not create absent objects for defaults inside them",
    { inner: {} },
    { n: 1, inner: { m: 2 }, filled: { m: 3 } },
  ],
  ["replaces null by the default", { n: null }, { n: 1, filled: { m: 3 } }],
  ["drops null where there is no default", { text: null }, { n: 1, filled: { m: 3 } }],
  ["keeps null where it is allowed", { maybe: null }, { maybe: null, n: 1, filled: { m: 3 } }],
  ["keeps null in unknown fields", { open: { x: null } }, { open: { x: null }, n: 1, filled: { m: 3 } }],
  [
    "applies to entries of lists and maps",
    { list: [{}, { m: 9 }], map: { k: {} } },
    { list: [{ m: 4 }, { m: 9 }], map: { k: { m: 5 } }, n: 1, filled: { m: 3 } },
  ],
])("%s", (_what, value, want) => {
  expect(defaulted(schema, value)).toEqual(want);
});

test("defaults are copied", () => {
  const first = Object(defaulted(schema, {}));
  first.filled.m = 100;
  expect(defaulted(schema, {})).toEqual({ n: 1, filled: { m: 3 } });
});
