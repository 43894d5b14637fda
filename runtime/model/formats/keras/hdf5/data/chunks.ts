import type { FileBytes } from "../bytes/file-bytes.ts";
import { brokenStructure } from "../hdf5-error.ts";
import { type ChunkGrid, type ChunkLocation, chunkLocations } from "./chunk-locations.ts";
import type { ElementDecoder } from "./element-decoder.ts";
import { type Filter, unfiltered } from "./filters.ts";

/** A chunked dataset. */
export interface ChunkedData {
  readonly grid: ChunkGrid;
  readonly shape: readonly number[];
  readonly filters: readonly Filter[];
  readonly elementBytes: number;
  readonly decode: ElementDecoder;
}

/** Copies the elements of every chunk into `target`. Throws an Hdf5Error. */
export function fillFromChunks(target: Float32Array, file: FileBytes, data: ChunkedData): void {
  const seen = new Set<string>();
  for (const location of chunkLocations(file, data.grid)) {
    if (location.address === undefined) continue;
    const name = location.origin.join();
    const isInGrid = location.origin.every((at, i) => at % (data.grid.layout.chunk[i] ?? 1) === 0);
    // Repeated chunks could take endless time.
    if (!isInGrid || seen.has(name)) throw brokenStructure();
    seen.add(name);
    if (location.origin.some((at, i) => at >= (data.shape[i] ?? 0))) continue; // left over from a larger shape
    copyChunk(target, data, location.origin, data.decode(chunkBytes(file, data, location, location.address)));
  }
}

function chunkBytes(
  file: FileBytes,
  data: ChunkedData,
  location: ChunkLocation,
  address: number,
): Uint8Array<ArrayBuffer> {
  if (location.sizeBytes > file.sizeBytes) throw brokenStructure();
  const stored = new Uint8Array(location.sizeBytes);
  file.copyInto(stored, address);
  const { filters, elementBytes, grid } = data;
  return unfiltered(stored, filters, { sizeBytes: grid.chunkBytes, elementBytes, mask: location.mask });
}

/** Copies a chunk row by row, without the parts beyond the dataset's edges. */
function copyChunk(
  target: Float32Array,
  { shape, grid }: ChunkedData,
  origin: readonly number[],
  values: ArrayLike<number>,
): void {
  const { chunk } = grid.layout;
  const last = chunk.length - 1;
  const rowLength = chunk[last] ?? 1;
  const width = Math.min(rowLength, (shape[last] ?? 1) - (origin[last] ?? 0));
  const numbers = values instanceof Float32Array ? values : Float32Array.from(values);
  for (let start = 0; start < numbers.length; start += rowLength) {
    const location = targetIndex(start / rowLength, shape, origin, chunk);
    if (location !== undefined) target.set(numbers.subarray(start, start + width), location);
  }
}

/** Index in the dataset of the first element of a chunk's row; `undefined`: beyond its edge. */
function targetIndex(
  row: number,
  shape: readonly number[],
  origin: readonly number[],
  chunk: readonly number[],
): number | undefined {
  let left = row;
  let stride = shape.at(-1) ?? 1;
  let location = origin.at(-1) ?? 0;
  for (let i = shape.length - 2; i >= 0; i--) {
    const size = chunk[i] ?? 1;
    const at = (origin[i] ?? 0) + (left % size);
    if (at >= (shape[i] ?? 0)) return undefined;
    left = Math.floor(left / size);
    location += at * stride;
    stride *= shape[i] ?? 1;
  }
  return location;
}
