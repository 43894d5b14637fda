import { type ByteSource, bytesAt } from "../../../byte-source.ts";
import { brokenStructure } from "../hdf5-error.ts";
import { cursor, type Cursor, type FieldSizes } from "./cursor.ts";
import { type Superblock, superblock } from "./superblock.ts";

/** Reads a file's structures and content by address. */
export interface FileBytes {
  readonly sizes: FieldSizes;
  /** Size of the whole file. */
  readonly sizeBytes: number;
  readonly root: number;
  /** A cursor over a structure. Throws an Hdf5Error when it is outside the file or the read budget is used up. */
  readonly structure: (address: number | undefined, sizeBytes: number) => Cursor;
  /** Fills `target` with content. Throws an Hdf5Error when the file ends before. */
  readonly copyInto: (target: Uint8Array, address: number) => void;
}

const windowBytes = 16_384;
const maxStructureBytes = 32 * 1024 ** 2;
/**
 * The read budget. Every structure of a valid file is read about once; a file with cycles, or with structures shared so often that
 * reading does not end, exceeds the budget.
 */
const budgetOf = (sizeBytes: number): number => Math.min(2 ** 20 + 16 * sizeBytes, 2 ** 30);
const minCostBytes = 64;

/** Access to the bytes of an HDF5 file. Throws an Hdf5Error when the source is not HDF5. */
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
      budget -= Math.max(length, minCostBytes);
      if (!(start + length <= sizeBytes && length <= maxStructureBytes && budget >= 0)) throw brokenStructure();
      return cursor(bytesOf(start, length), sizes);
    },
    copyInto: (target, address) => {
      if (source.read(target, base + address) < target.length) throw brokenStructure();
    },
  };
}
