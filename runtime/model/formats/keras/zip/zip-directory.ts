import { type ByteSource, bytesAt } from "../../byte-source.ts";

/** The archive is invalid or not supported; the message names the entry. */
export class ZipError extends Error {}

/** An entry of the central directory. */
export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc: number;
  readonly storedBytes: number;
  readonly inflatedBytes: number;
  readonly headerStart: number;
}

/** Structure and numbers: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.4. */
const signatures = { end: 0x06054b50, zip64End: 0x06064b50, zip64Locator: 0x07064b50, entry: 0x02014b50 };
const maxEntries = 4096;
const maxDirectoryBytes = 4 * 1024 ** 2;
const symbolicLinkMode = 0o120000;
const fileTypeMask = 0o170000;

/** The entries by name. Refuses links, encryption, paths outside the archive, duplicates and other compression methods. */
export function centralDirectory(source: ByteSource): ReadonlyMap<string, ZipEntry> {
  const { count, start, sizeBytes } = directoryLocation(source);
  if (count > maxEntries) throw new ZipError(`it has ${count} entries; at most ${maxEntries} are allowed`);
  if (sizeBytes > maxDirectoryBytes || start + sizeBytes > source.sizeBytes) {
    throw new ZipError("its directory lies outside the file");
  }
  const bytes = bytesAt(source, start, sizeBytes);
  const entries = new Map<string, ZipEntry>();
  let offset = 0;
  for (let i = 0; i < count; i++) {
    const { entry, next } = entryAt(bytes, offset);
    if (entries.has(entry.name)) throw new ZipError(`entry ${entry.name} is there twice`);
    entries.set(entry.name, entry);
    offset = next;
  }
  return entries;
}

interface DirectoryLocation {
  readonly count: number;
  readonly start: number;
  readonly sizeBytes: number;
}

function directoryLocation(source: ByteSource): DirectoryLocation {
  const tailStart = Math.max(0, source.sizeBytes - 22 - 65_535);
  const tail = bytesAt(source, tailStart, source.sizeBytes - tailStart);
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== signatures.end) at--;
  if (at < 0) throw new ZipError("it has no zip directory; the file is cut short or not a zip archive");
  const location = {
    count: tail.readUInt16LE(at + 10),
    sizeBytes: tail.readUInt32LE(at + 12),
    start: tail.readUInt32LE(at + 16),
  };
  if (location.start !== 0xffffffff && location.count !== 0xffff) return location;
  return zip64Location(source, tailStart + at - 20);
}

function zip64Location(source: ByteSource, locatorStart: number): DirectoryLocation {
  const locator = bytesAt(source, Math.max(0, locatorStart), 20);
  if (locator.length < 20 || locator.readUInt32LE(0) !== signatures.zip64Locator) {
    throw new ZipError("its zip64 directory is missing");
  }
  const end = bytesAt(source, uint64(locator, 8), 56);
  if (end.length < 56 || end.readUInt32LE(0) !== signatures.zip64End)
    throw new ZipError("its zip64 directory is broken");
  return { count: uint64(end, 32), sizeBytes: uint64(end, 40), start: uint64(end, 48) };
}

function entryAt(bytes: Buffer, offset: number): { entry: ZipEntry; next: number } {
  if (offset + 46 > bytes.length || bytes.readUInt32LE(offset) !== signatures.entry) {
    throw new ZipError("its directory is cut short");
  }
  const nameEnd = offset + 46 + bytes.readUInt16LE(offset + 28);
  const extraEnd = nameEnd + bytes.readUInt16LE(offset + 30);
  const next = extraEnd + bytes.readUInt16LE(offset + 32);
  if (next > bytes.length) throw new ZipError("its directory is cut short");
  const name = bytes.toString("utf8", offset + 46, nameEnd);
  const mode = bytes.readUInt32LE(offset + 38) >>> 16;
  const entry = {
    name,
    method: bytes.readUInt16LE(offset + 10),
    crc: bytes.readUInt32LE(offset + 16),
    ...sizesOf(bytes, offset, bytes.subarray(nameEnd, extraEnd)),
  };
  checkName(name);
  if ((mode & fileTypeMask) === symbolicLinkMode) throw new ZipError(`entry ${name} is a symbolic link`);
  if ((bytes.readUInt16LE(offset + 8) & 1) === 1) throw new ZipError(`entry ${name} is encrypted`);
  if (entry.method !== 0 && entry.method !== 8) {
    throw new ZipError(`entry ${name} is compressed by method ${entry.method}; must be stored or deflated`);
  }
  return { entry, next };
}

/** The sizes and the offset, which are in the zip64 extra field when they do not fit into 32 bits. */
function sizesOf(
  bytes: Buffer,
  offset: number,
  extra: Buffer,
): Pick<ZipEntry, "inflatedBytes" | "storedBytes" | "headerStart"> {
  const zip64 = zip64Numbers(extra);
  const number = (at: number): number => {
    const value = bytes.readUInt32LE(at);
    return value === 0xffffffff ? (zip64.shift() ?? value) : value;
  };
  return { inflatedBytes: number(offset + 24), storedBytes: number(offset + 20), headerStart: number(offset + 42) };
}

function zip64Numbers(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length;) {
    const size = extra.readUInt16LE(at + 2);
    const end = Math.min(at + 4 + size, extra.length);
    if (extra.readUInt16LE(at) === 0x0001) {
      const numbers: number[] = [];
      for (let i = at + 4; i + 8 <= end; i += 8) numbers.push(uint64(extra, i));
      return numbers;
    }
    at = end;
  }
  return [];
}

function checkName(name: string): void {
  const leaves = name.startsWith("/") || name.includes("\\") || name.includes("\0") || /^[A-Za-z]:/.test(name);
  if (leaves || name.split("/").includes("..")) {
    throw new ZipError(`entry ${JSON.stringify(name)} points outside the archive`);
  }
}

function uint64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}
