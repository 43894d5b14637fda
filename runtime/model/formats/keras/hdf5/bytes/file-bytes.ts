import { type ByteSource, bytesAt } from "../../../byte-source.ts";
import { brokenStructure } from "../hdf5-error.ts";
import { cursor, type Cursor, type FieldSizes } from "./cursor.ts";
import { type Superblock, superblock } from "./superblock.ts";

/** A file's structures and content by address. */
export interface FileBytes {
  readonly sizes: FieldSizes;
  /** Of the whole file. */
  readonly sizeBytes: number;
  readonly root: number;
  /** A structure. Throws an Hdf5Error when it is not inside the file, or the file makes its reader go round in circles. */
  readonly structure: (address: number | undefined, sizeBytes: number) => Cursor;
  /** Copies content into `target`. Throws an Hdf5Error when the file ends before. */
  readonly copyInto: (target: Uint8Array, address: number) => void;
}

const windowBytes = 16_384;
const maxStructureBytes = 32 * 1024 ** 2;
/**
 * Every structure is read about once, so that this allows for any file; one whose structures lead back to themselves, or are
 * shared by so many that looking at them all does not end, is given up.
 */
const budgetOf = (sizeBytes: number): number => Math.min(2 ** 20 + 16 * sizeBytes, 2 ** 30);
const leastCostBytes = 64;

/** The bytes of an HDF5 file. Throws an Hdf5Error when it is none. */
export function fileBytes(source: ByteSource): FileBytes {
  const { base, sizes, root }: Superblock = superblock(source);
  const { sizeBytes } = source;
  let budget = budgetOf(sizeBytes);
  let windowStart = 0;
  let window: Buffer = Buffer.alloc(0);
  const bytesOf = (start: number, length: number): Buffer => {
    if (length > windowBytes) return bytesAt(source, start, length);
    if (start < windowStart || start + length > windowStart + window.length) {
      window = bytesAt(source, start, windowBytes);
      windowStart = start;
    }
    return window.subarray(start - windowStart, start - windowStart + length);
  };
  return {
    sizes,
    sizeBytes,
    root,
    structure: (address, length) => {
      const start = base + (address ?? Number.NaN);
      budget -= Math.max(length, leastCostBytes);
      if (!(start + length <= sizeBytes && length <= maxStructureBytes && budget >= 0)) throw brokenStructure();
      return cursor(bytesOf(start, length), sizes);
    },
    copyInto: (target, address) => {
      if (source.read(target, base + address) < target.length) throw brokenStructure();
    },
  };
}
