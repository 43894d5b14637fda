import type { Cursor } from "../bytes/cursor.ts";
import type { FileBytes } from "../bytes/file-bytes.ts";
import { fixedArray } from "../indexes/fixed-array.ts";
import { treeEntries } from "../indexes/btree-v1.ts";
import { treeRecords } from "../indexes/btree-v2.ts";
import type { ChunkedLayout } from "./layout.ts";

/** A chunk that was written. */
export interface ChunkPlace {
  /** Its first element's place in the dataset. */
  readonly origin: readonly number[];
  readonly address: number | undefined;
  readonly sizeBytes: number;
  /** Bits of the filters that it went without. */
  readonly mask: number;
}

/** How a dataset is cut. */
export interface ChunkGrid {
  readonly layout: ChunkedLayout;
  /** Chunks along each dimension. */
  readonly counts: readonly number[];
  readonly chunkBytes: number;
  readonly isFiltered: boolean;
}

const recordKinds = { plain: 10, filtered: 11 };

/** The chunks of a dataset, in any order. Throws an Hdf5Error. */
export function* chunkPlaces(file: FileBytes, grid: ChunkGrid): Generator<ChunkPlace> {
  const { layout, counts, chunkBytes, isFiltered } = grid;
  const { chunk, address, index, single } = layout;
  if (address === undefined) return;
  switch (index) {
    case "tree":
      return yield* placesInTree(file, layout);
    case "single":
      return yield { origin: chunk.map(() => 0), address, ...(single ?? { sizeBytes: chunkBytes, mask: 0 }) };
    case "array":
      for (const { index, fields } of fixedArray(file, address, product(counts))) {
        yield { ...placeOf(fields, grid, 0), origin: originOf(index, grid) };
      }
      return;
    case "records":
      for (const record of treeRecords(file, address, isFiltered ? recordKinds.filtered : recordKinds.plain)) {
        const place = placeOf(record, grid, 8 * chunk.length);
        yield { ...place, origin: chunk.map((size) => record.uint(8) * size) };
      }
  }
}

function* placesInTree(file: FileBytes, { address, chunk }: ChunkedLayout): Generator<ChunkPlace> {
  const keyBytes = 8 + 8 * (chunk.length + 1);
  for (const { key, child } of treeEntries(file, { kind: 1, keyBytes }, address)) {
    const sizeBytes = key.uint(4);
    const mask = key.uint(4);
    yield { sizeBytes, mask, origin: chunk.map(() => key.uint(8)), address: child };
  }
}

/** An address, and for a filtered chunk its size, of as many bytes as are left beside `behindBytes`, and its mask. */
function placeOf(
  fields: Cursor,
  { chunkBytes, isFiltered }: ChunkGrid,
  behindBytes: number,
): Omit<ChunkPlace, "origin"> {
  const address = fields.address();
  if (!isFiltered) return { address, sizeBytes: chunkBytes, mask: 0 };
  return { address, sizeBytes: fields.uint(fields.left() - 4 - behindBytes), mask: fields.uint(4) };
}

function originOf(index: number, { layout, counts }: ChunkGrid): readonly number[] {
  let left = index;
  const places = counts.toReversed().map((count) => {
    const place = left % count;
    left = Math.floor(left / count);
    return place;
  });
  return places.toReversed().map((place, i) => place * (layout.chunk[i] ?? 0));
}

/** Elements of a shape. */
export function product(sizes: readonly number[]): number {
  return sizes.reduce((result, size) => result * size, 1);
}
