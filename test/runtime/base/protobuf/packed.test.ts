import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { message, optional, plain, repeated } from "../../../../runtime/base/protobuf/message.ts";
import { packed } from "../../../../runtime/base/protobuf/packed.ts";
import { ProtobufError } from "../../../../runtime/base/protobuf/wire-reader.ts";

const lists = message("test.Lists", {
  name: plain(1, "string"),
  floats: packed(2, "float"),
  doubles: packed(3, "double"),
  ints: packed(4, "int32"),
  longs: packed(5, "int64"),
  unsigned: packed(6, "uint32"),
  wide: packed(7, "uint64"),
  flags: packed(8, "bool"),
});

const empty = {
  name: "",
  floats: new Float32Array(0),
  doubles: new Float64Array(0),
  ints: new Int32Array(0),
  longs: new BigInt64Array(0),
  unsigned: new Uint32Array(0),
  wide: new BigUint64Array(0),
  flags: new Uint8Array(0),
};

/** Floats in the unpacked encoding, and as packed lists of one. */
function loose(values: readonly number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.concat([Buffer.of(0x15), floatBytes(value)])));
}
function single(values: readonly number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.concat([Buffer.of(0x12, 4), floatBytes(value)])));
}
function floatBytes(value: number): Buffer {
  return Buffer.from(Float32Array.of(value).buffer);
}
function looseLongs(values: readonly bigint[]): Buffer {
  const one = message("test.One", { value: optional(5, "int64") });
  return Buffer.concat(values.map((value) => Buffer.from(one.encode({ value }))));
}

const broken: Readonly<Record<string, readonly [hex: string, reason: string, path: string]>> = {
  "floats that end within one": ["12050000803f00", "it ends in the middle of a value", "floats"],
  "a list longer than the message": ["12ffffff0f00", "it ends in the middle of a value", "floats"],
  "varints that end within one": ["220296ff", "it ends in the middle of a value", "ints"],
  "a varint of eleven bytes": ["2a0bffffffffffffffffffff01", "a varint takes more than 10 bytes", "longs"],
  "numbers of another width": ["1100000000000000", "field 2 has wire type 1; must have 2", "floats"],
};

describe("packed", () => {
  test("round-trips as typed arrays", () => {
    const values = fc.record({
      name: fc.string(),
      floats: fc.float32Array(),
      doubles: fc.float64Array(),
      ints: fc.int32Array(),
      longs: fc.bigInt64Array(),
      unsigned: fc.uint32Array(),
      wide: fc.bigUint64Array(),
      flags: fc.array(fc.integer({ min: 0, max: 1 })).map((list) => Uint8Array.from(list)),
    });
    fc.assert(
      fc.property(values, (want) => {
        expect(lists.decode(lists.encode(want))).toEqual(want);
      }),
    );
  });

  test("a list may be split into parts and unpacked elements", () => {
    fc.assert(
      fc.property(fc.float32Array(), fc.bigInt64Array(), fc.nat(3), (floats, longs, cut) => {
        const bytes = Buffer.concat([
          lists.encode({ floats: floats.subarray(0, cut), longs: longs.subarray(0, cut) }),
          loose([...floats.subarray(cut, 5)]),
          looseLongs([...longs.subarray(cut)]),
          single([...floats.subarray(Math.max(5, cut))]),
        ]);
        const before = bytes.toString("hex");
        expect(lists.decode(bytes)).toEqual({ ...empty, floats, longs });
        expect(bytes.toString("hex")).toBe(before);
      }),
    );
  });

  test("writes the same bytes as a repeated field", () => {
    const slow = message("test.Slow", { ints: repeated(4, "int32"), longs: repeated(5, "int64") });
    const ints = [0, 1, -1, 300, -2_147_483_648, 2_147_483_647];
    const longs = [0n, 1n, -1n, 2n ** 40n, -(2n ** 63n), 2n ** 63n - 1n];
    const fast = lists.encode({ ints: Int32Array.from(ints), longs: BigInt64Array.from(longs) });
    expect(Buffer.from(fast).toString("hex")).toBe(Buffer.from(slow.encode({ ints, longs })).toString("hex"));
  });

  test("an aligned list of floats is not copied", () => {
    const bytes = Buffer.alloc(14);
    bytes.set(Buffer.from("12080000803f00000040", "hex"), 2);
    const { floats } = lists.decode(bytes.subarray(2, 12));
    expect([...floats]).toEqual([1, 2]);
    expect([floats.buffer === bytes.buffer, floats.byteOffset]).toEqual([true, bytes.byteOffset + 4]);
  });

  test.each(Object.entries(broken))("refuses %s", (_, [hex, reason, path]) => {
    expect(() => lists.decode(Buffer.from(hex, "hex"))).toThrow(new ProtobufError(reason, path));
  });

  test.each([
    ["one by one", loose([1])],
    ["as lists of one", single([1])],
  ])("a million numbers %s take no longer than they must", (_, one) => {
    const { floats } = lists.decode(Buffer.alloc(one.length * 1_000_000, one));
    expect(floats.length).toBe(1_000_000);
    expect(floats.buffer.byteLength).toBeLessThanOrEqual(16_000_000);
  });

  test.each([
    [
      "int64 numbers of one byte, packed",
      Buffer.concat([Buffer.of(0x2a, 0x80, 0x89, 0x7a), Buffer.alloc(2_000_000, 1)]),
      140_000,
    ],
    [
      "uint32 numbers of one byte, packed",
      Buffer.concat([Buffer.of(0x32, 0x80, 0x89, 0x7a), Buffer.alloc(2_000_000, 1)]),
      60_001,
    ],
    ["numbers one by one", Buffer.alloc(2_000_000, Buffer.of(0x28, 1)), 400_000],
  ])("%s: what they take in memory beyond their bytes counts, too", (_, bytes, values) => {
    expect(() => lists.decode(bytes, values - 2)).toThrow(/^it has more values than may be read$/);
    expect(Object.values(lists.decode(bytes, values + 2)).some(({ length }) => length >= 1_000_000)).toBe(true);
  });

  test("a message may not hold more values than its budget", () => {
    const names = message("test.Names", { names: repeated(1, "string") });
    const bytes = Buffer.alloc(200, Buffer.of(0x0a, 0));
    expect(names.decode(bytes, 400).names.length).toBe(100);
    expect(() => names.decode(bytes, 399)).toThrow(
      new ProtobufError("it has more values than may be read", "names[99]"),
    );
  });
});
