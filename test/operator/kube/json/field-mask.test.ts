import { describe, expect, test } from "vitest";

import { eventProjection } from "../../../../operator/kube/json/event-projection.ts";
import { type FieldSelection, projectionOf } from "../../../../operator/kube/json/field-mask.ts";

describe("a projection", () => {
  const table: readonly { sentence: string; keep: FieldSelection; value: unknown; want: unknown }[] = [
    { sentence: "keeps everything", keep: true, value: { a: [{ b: null }] }, want: { a: [{ b: null }] } },
    {
      sentence: "keeps the named fields",
      keep: { a: true, b: { c: true } },
      value: { a: 1, b: { c: 2, d: 3 }, e: 4 },
      want: { a: 1, b: { c: 2 } },
    },
    {
      sentence: "applies to every entry of a list",
      keep: { a: { b: true } },
      value: { a: [{ b: 1, c: 2 }, 3, [{ c: 4 }]] },
      want: { a: [{ b: 1 }, 3, [{}]] },
    },
    { sentence: "leaves absent fields absent", keep: { a: true, b: true }, value: { b: null }, want: { b: null } },
    {
      sentence: "keeps a scalar where an object was expected",
      keep: { a: { b: true } },
      value: { a: "b" },
      want: { a: "b" },
    },
    {
      sentence: "ignores inherited members",
      keep: Object.fromEntries(["toString", "a"].map((name) => [name, true])),
      value: { a: 1 },
      want: { a: 1 },
    },
    {
      sentence: "keeps interned values whole",
      keep: { a: "interned" },
      value: { a: [1, null, { b: "c" }] },
      want: { a: [1, null, { b: "c" }] },
    },
  ];
  test.each(table)("$sentence", ({ keep, value, want }) => {
    expect(projectionOf(keep)(value)).toStrictEqual(want);
  });

  test("interns equal values only", () => {
    const owner = projectionOf({ owner: "interned" });
    const of = (value: unknown): unknown => (owner({ owner: value }) as { readonly owner: unknown }).owner;
    const first = of({ uid: "a" });
    expect([of({ uid: "a" }) === first, of({ uid: "b" }) === first, of({ uid: "b" })]).toEqual([
      true,
      false,
      { uid: "b" },
    ]);
  });
});

describe("events", () => {
  const events = eventProjection({ metadata: { name: true } });
  const object = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a", uid: "b", managedFields: [{ "f:a": {} }] },
    spec: {},
  };

  test("of changes are projected, from a line or from a value", () => {
    const event = { type: "MODIFIED", object };
    const want = { type: "MODIFIED", object: { apiVersion: "v1", kind: "Pod", metadata: { name: "a" } } };
    expect([events.fromLine(Buffer.from(JSON.stringify(event))), events.fromValue(event)]).toEqual([want, want]);
  });

  test("of other types come whole", () => {
    const bookmark = { type: "BOOKMARK", object: { metadata: { annotations: { a: "b" } } } };
    expect(events.fromLine(Buffer.from(JSON.stringify(bookmark)))).toEqual(bookmark);
  });

  test("that are not events come as they are", () => {
    const lines = ["null", '"a"', '{"type":"ADDED"}'].map((line) => Buffer.from(line));
    expect(lines.map((line) => events.fromLine(line))).toEqual([null, "a", { type: "ADDED" }]);
  });
});
