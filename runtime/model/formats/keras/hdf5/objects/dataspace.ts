import type { Cursor } from "../bytes/cursor.ts";
import { brokenStructure } from "../hdf5-error.ts";

/** HDF5's `H5S_MAX_RANK`. */
export const maxRank = 32;

/** Reads a dataspace message: the shape, `[]` for a scalar, `undefined` for no elements. Specification IV.A.2.b. */
export function dataspace(message: Cursor): readonly number[] | undefined {
  const version = message.uint(1);
  const rank = message.uint(1);
  message.skip(1);
  if (rank > maxRank || (version !== 1 && version !== 2)) throw brokenStructure();
  const isEmpty = version === 2 && message.uint(1) === 2;
  if (version === 1) message.skip(5);
  return isEmpty ? undefined : Array.from({ length: rank }, () => message.length());
}
