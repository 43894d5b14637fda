import { BundleError } from "./bundle-error.ts";
import { crc32c, maskCrc32c } from "./crc32c.ts";
import { snappyUncompressed } from "./snappy.ts";

/** Format: leveldb/doc/table_format.md; tsl/lib/io/format.h. */
const magic = 0xdb4775248b80fb57n;
const footerBytes = 48;
const trailerBytes = 5;
const maxBlockBytes = 64 * 1024 ** 2;
const maxEntries = 1_000_000;

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

/** All entries of an SSTable by key, decoded as latin1. Throws a BundleError. */
export function sstable(file: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < footerBytes || bytes.readBigUInt64LE(bytes.length - 8) !== magic) {
    throw new BundleError("it is not an SSTable: its magic number is wrong");
  }
  const footer = cursor(bytes.subarray(bytes.length - footerBytes, bytes.length - 8));
  blockHandle(footer); // skips the meta index, which TensorFlow leaves empty
  const index = blockEntries(block(bytes, blockHandle(footer)));
  const entries = new Map<string, Uint8Array>();
  for (const [, handle] of index) {
    for (const [key, value] of blockEntries(block(bytes, blockHandle(cursor(handle))))) entries.set(key, value);
    if (entries.size > maxEntries) throw new BundleError(`it has more than ${maxEntries} entries`);
  }
  return entries;
}

/** The decompressed contents of a block, after its checksum is verified. */
function block(bytes: Buffer, { offset, size }: BlockHandle): Uint8Array {
  if (offset + size + trailerBytes > bytes.length) throw new BundleError("a block lies outside the file");
  const checked = bytes.subarray(offset, offset + size + 1);
  if (maskCrc32c(crc32c(checked)) !== bytes.readUInt32LE(offset + size + 1)) {
    throw new BundleError("the checksum of a block is wrong");
  }
  const contents = bytes.subarray(offset, offset + size);
  const type = bytes[offset + size];
  if (type === 0) return contents;
  if (type === 1) return snappyUncompressed(contents, maxBlockBytes);
  throw new BundleError(`a block has the unknown compression ${type}`);
}

/** The entries of a block. Keys are prefix-compressed; the restart points at the end are not needed. */
function blockEntries(contents: Uint8Array): readonly (readonly [string, Uint8Array])[] {
  const bytes = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength);
  const restarts = bytes.length >= 4 ? bytes.readUInt32LE(bytes.length - 4) : 0;
  const end = bytes.length - 4 - 4 * restarts;
  if (end < 0) throw new BundleError("a block is cut short");
  const entries: [string, Uint8Array][] = [];
  const reader = cursor(bytes.subarray(0, end));
  let key = "";
  while (!reader.isAtEnd()) {
    const shared = reader.varint();
    const unshared = reader.varint();
    const valueLength = reader.varint();
    if (shared > key.length) throw new BundleError("a key shares more than the key before it");
    key = key.slice(0, shared) + Buffer.from(reader.take(unshared)).toString("latin1");
    entries.push([key, reader.take(valueLength)]);
  }
  return entries;
}

function blockHandle(reader: Cursor): BlockHandle {
  return { offset: reader.varint(), size: reader.varint() };
}

interface Cursor {
  isAtEnd(): boolean;
  varint(): number;
  take(length: number): Uint8Array;
}

function cursor(bytes: Uint8Array): Cursor {
  let position = 0;
  return {
    isAtEnd: () => position >= bytes.length,
    varint: () => {
      let value = 0;
      for (let i = 0; i < 7; i++) {
        const byte = bytes[position++];
        if (byte === undefined) throw new BundleError("a block is cut short");
        value += (byte & 0x7f) * 2 ** (7 * i);
        if (byte < 0x80) return value;
      }
      throw new BundleError("a number in a block is too long");
    },
    take: (length) => {
      if (length > bytes.length - position) throw new BundleError("a block is cut short");
      position += length;
      return bytes.subarray(position - length, position);
    },
  };
}
