import { type ByteSource, bytesAt } from "../../../byte-source.ts";
import { brokenStructure, Hdf5Error, unknownStructure } from "../hdf5-error.ts";
import { cursor, type Cursor, type FieldSizes } from "./cursor.ts";

/** The superblock at the start of an HDF5 file. HDF5 File Format Specification 3.0, II.A. */
export interface Superblock {
  /** File offset of address 0: after the user block. */
  readonly base: number;
  readonly sizes: FieldSizes;
  /** Address of the root group's object header. */
  readonly root: number;
}

const signature = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
const maxBytes = 128;

/** Finds and reads the superblock. Throws an Hdf5Error when there is none or the file is truncated. */
export function superblock(source: ByteSource): Superblock {
  const start = signatureOffset(source);
  if (start === undefined) throw new Hdf5Error("", "it does not have the HDF5 signature");
  const bytes = bytesAt(source, start + signature.length, maxBytes);
  const version = bytes[0] ?? 0;
  if (version > 3) throw unknownStructure(`version ${version} of HDF5's format`);
  const sizes = fieldSizes(bytes.subarray(version < 2 ? 5 : 1));
  const fields = cursor(bytes, sizes);
  const { base, end = Number.NaN, root } = version < 2 ? version0Fields(fields, version) : version2Fields(fields);
  // When the user block was added later, addresses still count from its end.
  if (root === undefined || !(end - base + start <= source.sizeBytes)) throw brokenStructure();
  return { base: start, sizes, root };
}

function fieldSizes([address = 0, length = 0]: Buffer): FieldSizes {
  const isKnown = (size: number): boolean => size === 2 || size === 4 || size === 8;
  if (!isKnown(address) || !isKnown(length)) throw brokenStructure();
  return { address, length };
}

/** Offset of the signature: 0, or after a user block of 512 · 2ⁿ bytes. */
function signatureOffset(source: ByteSource): number | undefined {
  for (let start = 0; start < source.sizeBytes; start = start === 0 ? 512 : start * 2) {
    if (bytesAt(source, start, signature.length).equals(signature)) return start;
  }
  return undefined;
}

interface Addresses {
  readonly base: number;
  /** Address of the end of the file. */
  readonly end: number | undefined;
  readonly root: number | undefined;
}

/** Versions 0 and 1; version 1 has one more pair of fields. */
function version0Fields(fields: Cursor, version: number): Addresses {
  fields.skip(version === 0 ? 16 : 20);
  const base = fields.address() ?? 0;
  fields.address();
  const end = fields.address();
  fields.address();
  fields.address(); // the root group's name
  return { base, end, root: fields.address() };
}

function version2Fields(fields: Cursor): Addresses {
  fields.skip(4);
  const base = fields.address() ?? 0;
  fields.address();
  return { base, end: fields.address(), root: fields.address() };
}
