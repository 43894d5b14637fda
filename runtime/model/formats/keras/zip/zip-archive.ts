import { crc32, inflateRawSync } from "node:zlib";
import { errorText } from "../../../../base/fault.ts";
import { type ByteSource, bytesAt, memorySource, windowSource } from "../../byte-source.ts";
import { centralDirectory, type ZipEntry, ZipError } from "./zip-directory.ts";

/** Limits of the entries of an archive. */
export interface ZipLimits {
  readonly maxEntryBytes: number;
  /** Largest ratio of inflated to deflated size; small entries are exempt. Real weights stay below 20. */
  readonly maxRatio: number;
}

/** A zip archive with a checked directory. Nothing is unpacked to disk. */
export interface ZipArchive {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** The content of an entry: a view of the archive if stored, in memory if deflated. Throws a ZipError. */
  open(name: string, maxBytes: number): ByteSource;
}

const ratioExemptBytes = 1024 ** 2;
const checksumBlockBytes = 1024 ** 2;

/** Reads the directory of a zip archive. Throws a ZipError when it is invalid. */
export function zipArchive(source: ByteSource, limits: ZipLimits): ZipArchive {
  const entries = centralDirectory(source);
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    open: (name, maxBytes) => {
      const entry = entries.get(name);
      if (entry === undefined) throw new ZipError(`it has no entry ${name}`);
      checkSizes(entry, Math.min(maxBytes, limits.maxEntryBytes), limits.maxRatio);
      const content = contentOf(source, entry);
      if (checksum(content) !== entry.crc) throw new ZipError(`the checksum of ${name} is wrong`);
      return content;
    },
  };
}

function checkSizes(entry: ZipEntry, maxBytes: number, maxRatio: number): void {
  const { name, inflatedBytes, storedBytes } = entry;
  if (inflatedBytes > maxBytes) {
    throw new ZipError(`${name} says it holds ${inflatedBytes} bytes; at most ${maxBytes} are allowed`);
  }
  if (inflatedBytes > ratioExemptBytes && inflatedBytes > storedBytes * maxRatio) {
    throw new ZipError(`${name} grows from ${storedBytes} to ${inflatedBytes} bytes, more than ${maxRatio} times`);
  }
}

function contentOf(source: ByteSource, entry: ZipEntry): ByteSource {
  const { name, storedBytes, inflatedBytes } = entry;
  const start = dataStart(source, entry);
  if (start + storedBytes > source.sizeBytes) throw new ZipError(`${name} reaches beyond the end of the archive`);
  if (entry.method === 0) {
    if (storedBytes !== inflatedBytes) throw new ZipError(`the two sizes of the stored entry ${name} differ`);
    return windowSource(source, start, storedBytes);
  }
  return memorySource(inflated(bytesAt(source, start, storedBytes), entry));
}

function inflated(deflated: Buffer, { name, inflatedBytes }: ZipEntry): Buffer {
  let bytes: Buffer;
  try {
    bytes = inflateRawSync(deflated, { maxOutputLength: Math.max(inflatedBytes, 1) });
  } catch (thrown) {
    throw new ZipError(`${name} cannot be inflated: ${errorText(thrown)}`);
  }
  if (bytes.length !== inflatedBytes) throw new ZipError(`${name} holds another number of bytes than it says`);
  return bytes;
}

/** Offset of an entry's data, after its local header, of which only the lengths of name and extra field are used. */
function dataStart(source: ByteSource, entry: ZipEntry): number {
  const header = bytesAt(source, entry.headerStart, 30);
  if (header.length < 30 || header.readUInt32LE(0) !== 0x04034b50) {
    throw new ZipError(`${entry.name} has no local header`);
  }
  return entry.headerStart + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

function checksum(source: ByteSource): number {
  const block = Buffer.allocUnsafe(Math.min(checksumBlockBytes, Math.max(source.sizeBytes, 1)));
  let crc = 0;
  for (let position = 0; position < source.sizeBytes;) {
    const count = source.read(block, position);
    if (count === 0) break;
    crc = crc32(block.subarray(0, count), crc);
    position += count;
  }
  return crc;
}
