import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { modelFolder } from "../../../../../../runtime/model/formats/model-folder.ts";
import { bundleEntry, bundleHeader } from "../../../../../../runtime/model/formats/saved-model/bundle/bundle-proto.ts";
import { crc32c, maskCrc32c } from "../../../../../../runtime/model/formats/saved-model/bundle/crc32c.ts";
import { tensorBundle } from "../../../../../../runtime/model/formats/saved-model/bundle/tensor-bundle.ts";
import { writtenTable } from "./written-table.ts";

const root = mkdtempSync(join(tmpdir(), "tensor-bundle-"));
afterAll(() => rmSync(root, { recursive: true }));

interface Stored {
  readonly bytes: Buffer;
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly part?: number;
  readonly changed?: Readonly<Record<string, number>>;
}

const float = (...values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);

/** A bundle of these variables, each in a shard of its own. */
function bundle(name: string, variables: Readonly<Record<string, Stored>>, parts = 1): ReturnType<typeof tensorBundle> {
  const folder = join(root, name);
  mkdirSync(folder);
  const data = Array.from({ length: parts }, () => Buffer.alloc(0));
  const entries = new Map<string, Uint8Array>([["", bundleHeader.encode({ numShards: parts })]]);
  for (const [key, { bytes, dtype, shape, part = 0, changed = {} }] of Object.entries(variables)) {
    const dim = shape.map((size) => ({ size: BigInt(size) }));
    const place = {
      shardId: part,
      offset: data[part]?.length ?? 0,
      size: bytes.length,
      crc32c: maskCrc32c(crc32c(bytes)),
    };
    entries.set(key, bundleEntry.encode({ dtype, shape: { dim }, ...place, ...changed }));
    data[part] = Buffer.concat([data[part] ?? Buffer.alloc(0), bytes]);
  }
  writeFileSync(join(folder, "v.index"), writtenTable(entries));
  const digits = (n: number): string => String(n).padStart(5, "0");
  data.forEach((bytes, i) => writeFileSync(join(folder, `v.data-${digits(i)}-of-${digits(parts)}`), bytes));
  return tensorBundle(modelFolder(folder), "v");
}

describe("a tensor bundle", () => {
  it("is read from all its shards and in all types", () => {
    const read = bundle(
      "parts",
      {
        kernel: { bytes: float(1, 2, 3, 4), dtype: 1, shape: [2, 2] },
        bias: { bytes: float(5), dtype: 1, shape: [1], part: 2 },
        half: { bytes: Buffer.from(Uint16Array.of(0x3c00).buffer), dtype: 19, shape: [], part: 1 },
        step: { bytes: Buffer.from(BigInt64Array.of(7n).buffer), dtype: 9, shape: [] },
        flag: { bytes: Buffer.of(1), dtype: 10, shape: [] },
      },
      3,
    );
    expect(["kernel", "bias", "half", "step", "flag"].map((key) => read.tensor(key))).toEqual([
      { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      { dtype: "float32", shape: [1], data: Float32Array.of(5) },
      { dtype: "float16", shape: [], data: Uint16Array.of(0x3c00) },
      { dtype: "int64", shape: [], data: BigInt64Array.of(7n) },
      { dtype: "bool", shape: [], data: Uint8Array.of(1) },
    ]);
    expect([read.has("kernel"), read.has(""), read.sizeBytes("kernel")]).toEqual([true, false, 16]);
  });

  it("returns a string without its length and checksum", () => {
    const bytes = Buffer.from([5, 0, 0, 0, 0, ...Buffer.from("graph")]);
    expect(Buffer.from(bundle("text", { t: { bytes, dtype: 7, shape: [] } }).text("t")).toString()).toBe("graph");
  });

  it.each<[string, Partial<Stored>, string]>([
    ["a wrong checksum", { changed: { crc32c: 1 } }, 'the checksum of variable "v" is wrong'],
    ["more bytes than its shape", { shape: [1] }, 'variable "v" of shape [1] takes 4 bytes; it has 16'],
    [
      "a shape of 4 TiB",
      { shape: [2 ** 20, 2 ** 20] },
      'variable "v" of shape [1048576,1048576] takes 4398046511104 bytes; it has 16',
    ],
    ["a negative size", { shape: [-4, -1] }, 'variable "v" has no shape'],
    ["an offset beyond its file", { changed: { offset: 8 } }, 'variable "v" lies outside its file'],
    ["a negative offset", { changed: { offset: -8 } }, 'variable "v" lies outside its file'],
    ["a missing shard", { changed: { shardId: 3 } }, 'variable "v" is in shard 3'],
    ["texts", { dtype: 7 }, 'variable "v" is of type string'],
    ["an unknown type", { dtype: 77 }, 'variable "v" is of type unknown (77)'],
  ])("refuses a variable with %s", (name, change, message) => {
    const stored = { bytes: float(1, 2, 3, 4), dtype: 1, shape: [4], ...change };
    expect(() => bundle(name, { v: stored }).tensor("v")).toThrow(message);
  });

  it("says which variable is missing", () => {
    expect(() => bundle("missing", {}).tensor("kernel")).toThrow('variable "kernel" is missing');
  });
});
