import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { identityOf, unpacked } from "../../../../operator/kube/store/packed.ts";
import { createPacker } from "../../../../operator/kube/store/packer.ts";

/** Objects with few names and values, so that many are similar. */
const alike = fc.letrec<{ value: unknown; object: object }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown>("x", "y", "", 0, -0, 1, 1.5, true, false, null, undefined),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(fc.constantFrom("a", "b", "c", "1", "__proto__", "toString"), tie("value"), { maxKeys: 4 }),
})).object;

describe("packing", () => {
  test("an unpacked object equals the packed one, members in order, and its identity can be read, whatever else was packed", () => {
    fc.assert(
      fc.property(fc.array(alike, { maxLength: 20 }), (objects) => {
        const pack = createPacker();
        const packed = objects.map(pack);
        const rebuilt = packed.map(unpacked);
        expect(rebuilt).toEqual(objects);
        const packState = createPacker();
        const states = objects.map((object, index) => ({
          ...object,
          metadata: { labels: object, uid: `uid-${index % 3}`, resourceVersion: String(index >> 1) },
        }));
        const identities = states.map(packState).map(identityOf);
        expect(identities.map(({ uid, resourceVersion }) => [uid, resourceVersion])).toEqual(
          states.map(({ metadata: { uid, resourceVersion } }) => [uid, resourceVersion]),
        );
        expect(rebuilt.map((object) => JSON.stringify(object))).toEqual(
          objects.map((object) => JSON.stringify(object)),
        );
      }),
    );
  });

  test("of similar objects only the values that differ are stored", () => {
    const pack = createPacker();
    const service = (name: string, port: number) => ({ kind: "Service", name, ports: [{ port, protocol: "TCP" }] });
    const packed = ["a", "b", "c"].map((name, index) => pack(service(name, 27_000 + index)));
    expect(packed.map((one) => Array.isArray(one) && one.slice(1))).toEqual([[], ["b", 27_001], ["c", 27_002]]);
  });

  test("common values are shared by the unpacked objects", () => {
    const pack = createPacker<{ name: string; labels: object }>();
    const [, second, third] = ["a", "b", "c"].map((name) => unpacked(pack({ name, labels: { app: "x" } })));
    expect(second?.labels).toBe(third?.labels);
  });

  test("objects of thousands of structures are kept unpacked", () => {
    const pack = createPacker();
    const objects = Array.from({ length: 5_000 }, (_none, index) => ({ [`member-${index}`]: index }));
    const packed = objects.map(pack);
    expect(packed.map(unpacked)).toEqual(objects);
    expect([Array.isArray(packed[0]), packed.at(-1) === objects.at(-1)]).toEqual([true, true]);
  });
});
