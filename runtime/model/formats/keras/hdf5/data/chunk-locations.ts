import type { Cursor } from "../bytes/cursor.ts";
import type { FileBytes } from "../bytes/file-bytes.ts";
import { fixedArray } from "../indexes/fixed-array.ts";
import { btreeV1Entries } from "../indexes/btree-v1.ts";
import { btreeV2Records } from "../indexes/btree-v2.ts";
import type { ChunkedLayout } from "./layout.ts";

/** A chunk of a dataset in the file. */
export interface ChunkLocation {
  /** Coordinates of its first element in the dataset. */
  readonly origin: readonly number[];
  readonly address: number | undefined;
  readonly sizeBytes: number;
  /** Filter mask: bits of the filters that were skipped. */
  readonly mask: number;
}

/** How a dataset is divided into chunks. */
export interface ChunkGrid {
  readonly layout: ChunkedLayout;
  /** Chunks along each dimension. */
  readonly counts: readonly number[];
  readonly chunkBytes: number;
  readonly isFiltered: boolean;
}

const recordTypes = { plain: 10, filtered: 11 };

/** The stored chunks of a dataset, in any order. Throws an Hdf5Error. */
export function* chunkLocations(file: FileBytes, grid: ChunkGrid): Generator<ChunkLocation> {
  const { layout, counts, chunkBytes, isFiltered } = grid;
  const { chunk, address, index, single } = layout;
  if (address === undefined) return;
  switch (index) {
    case "btree-v1":
      return yield* locationsInBtree(file, layout);
    case "single":
      return yield { origin: chunk.map(() => 0), address, ...(single ?? { sizeBytes: chunkBytes, mask: 0 }) };
    case "fixed-array":
      for (const { index, fields } of fixedArray(file, address, product(counts))) {
        yield { ...locationOf(fields, grid, 0), origin: originOf(index, grid) };
      }
      return;
    case "btree-v2":
      for (const record of btreeV2Records(file, address, isFiltered ? recordTypes.filtered : recordTypes.plain)) {
        const location = locationOf(record, grid, 8 * chunk.length);
        yield { ...location, origin: chunk.map((size) => record.uint(8) * size) };
      }
  }
}

function* locationsInBtree(file: FileBytes, { address, chunk }: ChunkedLayout): Generator<ChunkLocation> {
  const keyBytes = 8 + 8 * (chunk.length + 1);
  for (const { key, child } of btreeV1Entries(file, { kind: 1, keyBytes }, address)) {
    const sizeBytes = key.uint(4);
    const mask = key.uint(4);
    yield { sizeBytes, mask, origin: chunk.map(() => key.uint(8)), address: child };
  }
}

/** Reads an address and, for a filtered chunk, its size and mask. The size field fills the record up to `trailingBytes` and the mask. */
function locationOf(
  fields: Cursor,
  { chunkBytes, isFiltered }: ChunkGrid,
  trailingBytes: number,
): Omit<ChunkLocation, "origin"> {
  const address = fields.address();
  if (!isFiltered) return { address, sizeBytes: chunkBytes, mask: 0 };
  return { address, sizeBytes: fields.uint(fields.left() - 4 - trailingBytes), mask: fields.uint(4) };
}

function originOf(index: number, { layout, counts }: ChunkGrid): readonly number[] {
  let left = index;
  const coordinates = counts.toReversed().map((count) => {
    const location = left % count;
    left = Math.floor(left / count);
    return location;
  });
  return coordinates.toReversed().map((location, i) => location * (layout.chunk[i] ?? 0));
}

/** The number of elements of a shape. */
export function product(sizes: readonly number[]): number {
  return sizes.reduce((result, size) => result * size, 1);
}
