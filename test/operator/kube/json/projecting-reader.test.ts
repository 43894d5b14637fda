import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { peekByte } from "../../../../operator/kube/json/json-bytes.ts";
import { projectingReader } from "../../../../operator/kube/json/projecting-reader.ts";
import { eventProjection } from "../../../../operator/kube/json/event-projection.ts";
import { type FieldSelection, projectionOf } from "../../../../operator/kube/json/field-mask.ts";

/** Strings that look like JSON to a careless reader, and strings that JSON escapes. */
const parts = ['"', "\\", '\\"', "{", "}", "[", "]", '":{', ",", "ü", "Ã¼", "\u2028", "😀", "\u0000", "\n", "a", "b"];
const text = fc.array(fc.constantFrom(...parts), { maxLength: 5 }).map((some) => some.join(""));
const name = fc.oneof(fc.constantFrom("a", "b", "c", "toString", "__proto__", ""), text);
const plain = fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null));
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 5 }, plain, tie("list"), tie("object")),
  list: fc.array(tie("any"), { maxLength: 3 }),
  object: fc
    .array(fc.tuple(name, tie("any")), { maxLength: 5 })
    .map((members) =>
      JSON.parse(`{${members.map(([key, of]) => `${JSON.stringify(key)}:${JSON.stringify(of)}`).join()}}`),
    ),
})).any;
const keep = fc.letrec<{ keep: FieldSelection }>((tie) => ({
  keep: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<FieldSelection[]>(true, "interned"),
    fc.dictionary(fc.constantFrom("a", "b", "c", "toString"), tie("keep"), { maxKeys: 4 }),
  ),
})).keep;
const spaced = fc.constantFrom(undefined, 1);

function read(selection: FieldSelection, json: string): { readonly value: unknown; readonly rest: number } {
  const cursor = { bytes: Buffer.from(json), at: 0 };
  const found = projectingReader(selection)(cursor);
  return { value: found, rest: peekByte(cursor) };
}

describe("a value read from bytes", () => {
  test("equals the projection of the parsed value", () => {
    fc.assert(
      fc.property(keep, value, spaced, (selection, whole, indent) => {
        const json = JSON.stringify(whole, undefined, indent);
        expect(read(selection, json)).toStrictEqual({ value: projectionOf(selection)(JSON.parse(json)), rest: 0 });
      }),
      { numRuns: 3_000 },
    );
  });

  test("is the same object for equal interned values", () => {
    const owner = { uid: "a", names: ["b", "ü"], isOf: { c: true, d: 1.5, e: null } };
    const [first, second] = [owner, owner].map((shared) => read("interned", JSON.stringify(shared)).value);
    expect([second === first, read("interned", '"Pod"').value, first]).toEqual([false, "Pod", owner]);
    const { names: _, ...ascii } = owner;
    const [third, fourth] = [ascii, ascii].map((shared) => read("interned", JSON.stringify(shared)).value);
    expect([fourth === third, third]).toEqual([true, ascii]);
  });

  test("is never confused with a value of the same bytes or length", () => {
    const texts = ["\\", "\\\\", "\u00c3\u00bc", "ü", '"', '\\"', "a\\", "a\\\\"];
    for (const wanted of [...texts, ...texts]) {
      expect(read("interned", JSON.stringify(wanted)).value).toBe(wanted);
      expect(read("interned", JSON.stringify({ [wanted]: wanted })).value).toEqual({ [wanted]: wanted });
    }
  });

  test("includes members whose names are written with escapes", () => {
    expect(read({ ab: true }, String.raw`{"a\u0062":1}`)).toEqual({ value: { ab: 1 }, rest: 0 });
  });

  test.each([
    { sentence: "end within a name", json: '{"a' },
    { sentence: "end within a string", json: '{"a":"b' },
    { sentence: "end within an escape", json: String.raw`{"a":"b\ `.trim() },
    { sentence: "end within an object", json: '{"a":1' },
    { sentence: "end within a dropped member", json: '{"z":[{"y":"' },
    { sentence: "end before a value", json: '{"a":' },
    { sentence: "have no colon", json: '{"a" 1}' },
    { sentence: "have no comma", json: '{"a":1 "b":2}' },
    { sentence: "have an invalid name", json: "{a:1}" },
    { sentence: "have an invalid value", json: '{"a":nil}' },
    { sentence: "are empty", json: "" },
  ])("fails where bytes $sentence", ({ json }) => {
    expect(() => read({ a: true, b: "interned" }, json)).toThrow(SyntaxError);
  });
});

test("change events are projected, and truncated or surplus bytes are refused", () => {
  const events = eventProjection({ metadata: { name: true } });
  const line =
    '{"type":"ADDED","object":{"kind":"Pod","metadata":{"managedFields":[{"f:a":{}}],"name":"a"},"spec":{}}}';
  expect(events.fromLine(Buffer.from(line))).toEqual({
    type: "ADDED",
    object: { kind: "Pod", metadata: { name: "a" } },
  });
  expect(() => events.fromLine(Buffer.from(line.slice(0, -1)))).toThrow(SyntaxError);
  expect(() => events.fromLine(Buffer.from(`${line}{`))).toThrow(new SyntaxError("unexpected bytes follow an event"));
});
