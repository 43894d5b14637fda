import { type ByteSource, bytesAt } from "../../../byte-source.ts";
import { brokenStructure, Hdf5Error, unknownStructure } from "../hdf5-error.ts";
import { cursor, type Cursor, type FieldSizes } from "./cursor.ts";

/** What the beginning of a file says of the rest of it. HDF5 File Format Specification 3.0, II.A. */
export interface Superblock {
  /** Where address 0 is: behind a user block. */
  readonly base: number;
  readonly sizes: FieldSizes;
  /** Address of the root group's object header. */
  readonly root: number;
}

const signature = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
const longest = 128;

/** Finds and reads it. Throws an Hdf5Error when there is none, or the file is shorter than it says. */
export function superblock(source: ByteSource): Superblock {
  const start = placeOf(source);
  if (start === undefined) throw new Hdf5Error("", "it does not have the HDF5 signature");
  const bytes = bytesAt(source, start + signature.length, longest);
  const version = bytes[0] ?? 0;
  if (version > 3) throw unknownStructure(`version ${version} of HDF5's format`);
  const sizes = fieldSizes(bytes.subarray(version < 2 ? 5 : 1));
  const fields = cursor(bytes, sizes);
  const { base, end = Number.NaN, root } = version < 2 ? oldFields(fields, version) : newFields(fields);
  // A file behind a user block that was put there later counts from the block's end all the same.
  if (root === undefined || !(end - base + start <= source.sizeBytes)) throw brokenStructure();
  return { base: start, sizes, root };
}

function fieldSizes([address = 0, length = 0]: Buffer): FieldSizes {
  const isKnown = (size: number): boolean => size === 2 || size === 4 || size === 8;
  if (!isKnown(address) || !isKnown(length)) throw brokenStructure();
  return { address, length };
}

/** The signature is at 0, or behind a user block of 512 · 2ⁿ bytes. */
function placeOf(source: ByteSource): number | undefined {
  for (let start = 0; start < source.sizeBytes; start = start === 0 ? 512 : start * 2) {
    if (bytesAt(source, start, signature.length).equals(signature)) return start;
  }
  return undefined;
}

interface Places {
  readonly base: number;
  /** Address of what is behind the file. */
  readonly end: number | undefined;
  readonly root: number | undefined;
}

/** Versions 0 and 1; the second has one more pair of numbers. */
function oldFields(fields: Cursor, version: number): Places {
  fields.skip(version === 0 ? 16 : 20);
  const base = fields.address() ?? 0;
  fields.address();
  const end = fields.address();
  fields.address();
  fields.address(); // the root group's name
  return { base, end, root: fields.address() };
}

function newFields(fields: Cursor): Places {
  fields.skip(4);
  const base = fields.address() ?? 0;
  fields.address();
  return { base, end: fields.address(), root: fields.address() };
}
