import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BundleError } from "../../../../../../runtime/model/formats/saved-model/bundle/bundle-error.ts";
import { sstable } from "../../../../../../runtime/model/formats/saved-model/bundle/sstable.ts";
import { writtenTable } from "./written-table.ts";

const entries = new Map(
  ["", "layer/bias", "layer/kernel", "layer/kernel_2", "other"].map((key) => [key, Buffer.from(`value of ${key}`)]),
);
const texts = (table: ReadonlyMap<string, Uint8Array>): object =>
  Object.fromEntries([...table].map(([key, value]) => [key, Buffer.from(value).toString()]));

/** A block as one snappy literal. */
function snappy(block: Buffer): readonly [Buffer, number] {
  const length = block.length < 128 ? [block.length] : [(block.length & 127) | 128, block.length >> 7];
  return [
    Buffer.concat([Buffer.from([...length, 61 << 2, (block.length - 1) & 255, (block.length - 1) >> 8]), block]),
    1,
  ];
}

describe("the SSTable of a checkpoint", () => {
  it.each([
    ["with shared prefixes", {}],
    ["without", { sharesPrefixes: false }],
    ["in one block", { entriesPerBlock: 10 }],
    ["in compressed blocks", { stored: snappy }],
  ])("is read as it was written, %s", (_, options) => {
    expect(texts(sstable(writtenTable(entries, options)))).toEqual(texts(entries));
  });

  it("returns the written entries, whatever they are", () => {
    const anything = fc.dictionary(
      fc.string({ unit: "binary-ascii", maxLength: 20 }),
      fc.uint8Array({ maxLength: 200 }),
    );
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 5 }), (dictionary, entriesPerBlock) => {
        const written = new Map(Object.entries(dictionary).map(([key, value]) => [key, Buffer.from(value)]));
        expect(texts(sstable(writtenTable(written, { entriesPerBlock })))).toEqual(texts(written));
      }),
      { numRuns: 50 },
    );
  });

  it("with any byte changed is either refused with a reason or read", () => {
    const table = writtenTable(entries);
    for (let position = 0; position < table.length; position++) {
      const broken = Buffer.from(table);
      broken[position] = (broken[position] ?? 0) ^ 0x55;
      try {
        expect(texts(sstable(broken))).toEqual(texts(entries));
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(BundleError);
      }
    }
  });

  it.each([
    ["is cut short", writtenTable(entries).subarray(0, 100), "it is not an SSTable: its magic number is wrong"],
    [
      "has an unknown compression",
      writtenTable(entries, { stored: (block) => [block, 7] }),
      "a block has the unknown compression 7",
    ],
  ])("is refused when it %s", (_, table, message) => {
    expect(() => sstable(table)).toThrow(message);
  });
});
