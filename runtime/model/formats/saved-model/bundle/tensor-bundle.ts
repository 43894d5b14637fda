import { elementCount, type Tensor } from "../../../../dataplane/tensor.ts";
import { type ByteSource, bytesAt } from "../../byte-source.ts";
import type { ModelFolder } from "../../model-folder.ts";
import { shapeOf } from "../../tensorflow-graph/source/attributes.ts";
import { tensorOfBytes } from "../../tensorflow-graph/source/constant-tensor.ts";
import { elementBytes, elementType, elementTypeName } from "../../tensorflow-graph/source/element-types.ts";
import { BundleError } from "./bundle-error.ts";
import { bundleEntry, bundleHeader } from "./bundle-proto.ts";
import { crc32c, maskCrc32c } from "./crc32c.ts";
import { sstable } from "./sstable.ts";

/** Enough for some hundred thousand variables. */
const maxIndexBytes = 64 * 1024 ** 2;
const maxShards = 100_000;

/** A checkpoint on disk: the variables of a SavedModel by key. */
export interface TensorBundle {
  /** All keys, including those that are not variables. */
  readonly keys: readonly string[];
  has(key: string): boolean;
  /** The size of a tensor, without reading it. Throws a BundleError. */
  sizeBytes(key: string): number;
  /** Reads a tensor and verifies its size and checksum. Throws a BundleError. */
  tensor(key: string): Tensor;
  /** The only element of a string tensor. Throws a BundleError. */
  text(key: string): Uint8Array;
}

/** Opens `<prefix>.index` and the `<prefix>.data-…` files beside it. Throws a BundleError or a FolderError. */
export function tensorBundle(folder: ModelFolder, prefix: string): TensorBundle {
  const entries = sstable(folder.bytes(`${prefix}.index`, maxIndexBytes));
  const head = bundleHeader.decode(entries.get("") ?? new Uint8Array(0));
  if (head.endianness !== 0) throw new BundleError("its numbers are big-endian");
  if (head.numShards < 1 || head.numShards > maxShards) throw new BundleError(`it has ${head.numShards} shards`);
  const entryOf = (key: string): Entry => {
    const bytes = entries.get(key);
    if (key === "" || bytes === undefined) return missing(key);
    return bundleEntry.decode(bytes);
  };
  const dataOf = (key: string, { shardId, offset, size, crc32c: expected }: Entry): Buffer => {
    if (shardId < 0 || shardId >= head.numShards) throw new BundleError(`variable "${key}" is in shard ${shardId}`);
    const bytes = within(folder.file(`${prefix}.data-${digits(shardId)}-of-${digits(head.numShards)}`), offset, size);
    if (bytes === undefined) throw new BundleError(`variable "${key}" lies outside its file`);
    if (maskCrc32c(crc32c(bytes)) !== expected) throw new BundleError(`the checksum of variable "${key}" is wrong`);
    return bytes;
  };
  return {
    keys: [...entries.keys()].filter((key) => key !== ""),
    has: (key) => key !== "" && entries.has(key),
    sizeBytes: (key) => entryOf(key).size,
    tensor: (key) => bundledTensor(key, entryOf(key), dataOf),
    text: (key) => onlyText(key, entryOf(key), folder, { prefix, shards: head.numShards }),
  };
}

type Entry = ReturnType<(typeof bundleEntry)["decode"]>;

function bundledTensor(key: string, entry: Entry, dataOf: (key: string, entry: Entry) => Buffer): Tensor {
  const dtype = elementType(entry.dtype);
  if (dtype === undefined || dtype === "string" || entry.slices.length > 0) {
    const what = entry.slices.length > 0 ? "is stored in slices" : `is of type ${elementTypeName(entry.dtype)}`;
    throw new BundleError(`variable "${key}" ${what}`);
  }
  const shape = entry.shape === undefined ? [] : shapeOf(entry.shape);
  if (shape === undefined || shape.some((size) => size < 0)) throw new BundleError(`variable "${key}" has no shape`);
  const expected = elementCount(shape) * elementBytes[dtype];
  if (expected !== entry.size) {
    throw new BundleError(
      `variable "${key}" of shape [${shape.join(",")}] takes ${expected} bytes; it has ${entry.size}`,
    );
  }
  return tensorOfBytes(dtype, shape, dataOf(key, entry));
}

/** Reads a string tensor: the lengths of its elements as varints, their checksum, and the elements. */
function onlyText(
  key: string,
  { shardId, offset, size }: Entry,
  folder: ModelFolder,
  { prefix, shards }: { readonly prefix: string; readonly shards: number },
): Uint8Array {
  const bytes = within(folder.file(`${prefix}.data-${digits(shardId)}-of-${digits(shards)}`), offset, size);
  if (bytes === undefined) throw new BundleError(`"${key}" lies outside its file`);
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[i] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte >= 0x80) continue;
    const start = i + 5;
    if (start + length === bytes.length) return bytes.subarray(start);
    break;
  }
  throw new BundleError(`"${key}" is not one string`);
}

function within(source: ByteSource, offset: number, size: number): Buffer | undefined {
  const isInside = offset >= 0 && size >= 0 && offset + size <= source.sizeBytes;
  return isInside ? bytesAt(source, offset, size) : undefined;
}

function digits(number: number): string {
  return String(number).padStart(5, "0");
}

function missing(key: string): never {
  throw new BundleError(`variable "${key}" is missing`);
}
