import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createSkipper } from "../../../../operator/kube/json/skipper.ts";

/** Managed fields: equal in all objects but for UIDs, times and values. */
function ownedFields(uid: string, time: string): object[] {
  const fields = Object.fromEntries(Array.from({ length: 12 }, (_none, index) => [`f:field-${index}`, {}]));
  const owner = { [`k:${JSON.stringify({ uid })}`]: { ".": {}, ...fields } };
  return [{ manager: "kubectl", time, fieldsV1: { "f:metadata": { "f:ownerReferences": owner } } }];
}

const tricky = fc.oneof(fc.string(), fc.constantFrom('"', "\\", '\\"', "}]", '"}],"', "é", "\u2028", ""));

test("the cursor moves behind every value, whatever came before", () => {
  const other = fc.array(fc.record({ text: tricky, n: fc.integer() }), { minLength: 8, maxLength: 14 });
  const value = fc.oneof(
    fc.tuple(tricky, tricky).map((texts) => ownedFields(...texts)),
    other,
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(value, tricky), { maxLength: 20 }), (values) => {
      const skip = createSkipper();
      const ends = values.map(([one, after]) => {
        const json = JSON.stringify(one);
        const bytes = Buffer.from(` ${json},${JSON.stringify(after)}]`);
        const cursor = { bytes, at: 0 };
        skip(cursor);
        return [cursor.at, Buffer.byteLength(json) + 1];
      });
      expect(ends.map(([end]) => end)).toEqual(ends.map(([, want]) => want));
    }),
  );
});

test("a truncated value is refused, also when it begins like the previous one", () => {
  const skip = createSkipper();
  const [first, second, third] = ["a", "b", "c"].map((text) => Buffer.from(JSON.stringify(ownedFields(text, text))));
  for (const bytes of [first, second]) skip({ bytes: bytes ?? Buffer.of(), at: 0 });
  const { length } = third ?? Buffer.of();
  for (let size = 1; size < length; size += 1) {
    expect(() => skip({ bytes: third?.subarray(0, size) ?? Buffer.of(), at: 0 })).toThrow(SyntaxError);
  }
});
