import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type MessageType,
  many,
  mapOf,
  message,
  nested,
  optional,
  plain,
  repeated,
} from "../../../../runtime/base/protobuf/message.ts";
import { ProtobufError } from "../../../../runtime/base/protobuf/wire-reader.ts";

interface Tree {
  readonly label: string;
  readonly branches: readonly Tree[];
}
const tree: MessageType<Tree> = message("test.Tree", { label: plain(1, "string"), branches: many(2, () => tree) });
const sample = message("test.Sample", {
  count: plain(1, "int32"),
  total: plain(2, "int64"),
  size: plain(3, "safe64"),
  ratio: plain(4, "float"),
  exact: plain(5, "double"),
  isSet: plain(6, "bool"),
  text: optional(7, "string"),
  blob: plain(8, "bytes"),
  sizes: repeated(9, "safe64"),
  names: repeated(10, "string"),
  tree: nested(11, () => tree),
  byName: mapOf(12, () => tree),
  crc: plain(13, "fixed32"),
  flags: plain(14, "uint32"),
  wide: plain(15, "uint64"),
  halves: repeated(16, "float"),
});
const empty = {
  count: 0,
  total: 0n,
  size: 0,
  ratio: 0,
  exact: 0,
  isSet: false,
  text: undefined,
  blob: new Uint8Array(0),
  sizes: [],
  names: [],
  tree: undefined,
  byName: new Map(),
  crc: 0,
  flags: 0,
  wide: 0n,
  halves: [],
};

/** Bytes as protoc writes them, from the examples of protobuf.dev's page on the encoding. */
const wire: Readonly<Record<string, readonly [hex: string, want: object]>> = {
  "nothing is a message of empty fields": ["", empty],
  "a varint of two bytes": ["089601", { ...empty, count: 150 }],
  "a negative int32 takes ten bytes": ["08feffffffffffffffff01", { ...empty, count: -2 }],
  "a negative int64": ["10ffffffffffffffffff01", { ...empty, total: -1n }],
  "a negative int64 as a number": ["18ffffffffffffffffff01", { ...empty, size: -1 }],
  "a number above 32 bits": ["18808080808020", { ...empty, size: 2 ** 40 }],
  "a text that is there and empty": ["3a00", { ...empty, text: "" }],
  "packed numbers": ["4a06038e029ea705", { ...empty, sizes: [3, 270, 86942] }],
  "the same numbers one by one": ["4803488e02489ea705", { ...empty, sizes: [3, 270, 86942] }],
  "fields that nobody knows are passed over": [
    "f80701fa070261620896013001f50701000000",
    { ...empty, count: 150, isSet: true },
  ],
  "of a single field the last occurrence counts": ["08010802", { ...empty, count: 2 }],
  "a map entry": ["62080a016112030a0162", { ...empty, byName: new Map([["a", { label: "b", branches: [] }]]) }],
};

/** Invalid messages with their error. */
const broken: Readonly<Record<string, readonly [hex: string, reason: string, path: string]>> = {
  "a varint without end": ["0896", "it ends in the middle of a value", "count"],
  "a varint of eleven bytes": ["10ffffffffffffffffffff01", "a varint takes more than 10 bytes", "total"],
  "a length beyond the end": ["3a0561", "it ends in the middle of a value", "text"],
  "a length of four gigabytes": ["42ffffffff0f", "it ends in the middle of a value", "blob"],
  "a nested length beyond its parent": ["5a030a0561", "it ends in the middle of a value", "tree.label"],
  "a fixed number cut short": ["250000", "it ends in the middle of a value", "ratio"],
  "a text that is not UTF-8": ["3a01ff", "a text is not valid UTF-8", "text"],
  "a number beyond 2^53": ["18ffffffffffffff7f", "the number 72057594037927940 is beyond 2^53", "size"],
  "another wire type than the field's": ["0d00000000", "field 1 has wire type 5; must have 0", "count"],
  "a group": ["a306", "wire type 3 is not used any more", ""],
  "a field of number 0": ["0001", "a field has number 0", ""],
};

describe("message", () => {
  test.each(Object.entries(wire))("%s", (_, [hex, want]) => {
    expect(sample.decode(Buffer.from(hex, "hex"))).toEqual(want);
  });

  test.each(Object.entries(broken))("refuses %s", (_, [hex, reason, path]) => {
    expect(() => sample.decode(Buffer.from(hex, "hex"))).toThrow(new ProtobufError(reason, path));
  });

  test("round-trips", () => {
    const leaf = fc.record({ label: fc.string(), branches: fc.constant<readonly Tree[]>([]) });
    const node: fc.Arbitrary<Tree> = fc.record({ label: fc.string(), branches: fc.array(leaf, { maxLength: 3 }) });
    const samples = fc.record({
      count: fc.integer(),
      total: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      size: fc.maxSafeInteger(),
      ratio: fc.float({ noNaN: true }),
      exact: fc.double({ noNaN: true }),
      isSet: fc.boolean(),
      text: fc.option(fc.string({ unit: "grapheme" }), { nil: undefined }),
      blob: fc.uint8Array({ maxLength: 300 }),
      sizes: fc.array(fc.maxSafeInteger()),
      names: fc.array(fc.string()),
      tree: fc.option(node, { nil: undefined }),
      byName: fc.dictionary(fc.string(), node).map((entries) => new Map(Object.entries(entries))),
      crc: fc.nat(2 ** 31 - 1),
      flags: fc.nat(2 ** 31 - 1),
      wide: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      halves: fc.array(fc.float({ noNaN: true })),
    });
    fc.assert(
      fc.property(samples, (want) => {
        const got = sample.decode(sample.encode(want));
        // Zeros are not written, so that the sign of a plain one is lost.
        expect({ ...got, blob: [...got.blob] }).toEqual({
          ...want,
          ratio: want.ratio === 0 ? 0 : want.ratio,
          exact: want.exact === 0 ? 0 : want.exact,
          blob: [...want.blob],
        });
      }),
    );
  });

  test("any bytes are decoded or refused with a ProtobufError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          sample.decode(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ProtobufError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("messages nested more than 100 deep are refused", () => {
    let deep: Tree = { label: "leaf", branches: [] };
    for (let i = 0; i < 101; i++) deep = { label: "", branches: [deep] };
    expect(() => tree.decode(tree.encode(deep))).toThrow("messages are nested more than 100 deep");
  });
});
