import { cursor, type Cursor } from "../bytes/cursor.ts";
import type { FileBytes } from "../bytes/file-bytes.ts";
import { brokenStructure, unknownStructure } from "../hdf5-error.ts";
import { bytesFor, btreeV2Records } from "./btree-v2.ts";

/** A heap of objects, by the ids that B-trees hold. */
export interface FractalHeap {
  readonly object: (id: Buffer) => Cursor;
}

/** A doubling table: rows of blocks that double in size. */
interface DoublingTable {
  readonly width: number;
  readonly startBytes: number;
  readonly maxDirectBytes: number;
  /** Bytes of an offset in the heap. */
  readonly offsetBytes: number;
  readonly root: number | undefined;
  /** 0: the root is a direct block. */
  readonly rootRows: number;
}

interface Heap extends DoublingTable {
  readonly idBytes: number;
  readonly maxObjectBytes: number;
  readonly hugeObjectTree: number | undefined;
}

const hugeObjectRecords = 1;
const maxLevels = 16;

/** The fractal heap at an address. Specification III.G. */
export function fractalHeap(file: FileBytes, address: number | undefined): FractalHeap {
  const heap = heapAt(file, address);
  return {
    object: (id) => {
      const kind = ((id[0] ?? 0) >> 4) & 3;
      if (kind === 2) return cursor(id.subarray(1, 2 + ((id[0] ?? 0) & 15)), file.sizes);
      return kind === 1 ? hugeObject(file, heap, id) : managedObject(file, heap, id);
    },
  };
}

function heapAt(file: FileBytes, address: number | undefined): Heap {
  const { address: addressBytes, length: lengthBytes } = file.sizes;
  const fields = file.structure(address, 22 + 3 * addressBytes + 12 * lengthBytes);
  fields.expect("FRHP\0");
  const idBytes = fields.uint(2);
  if (fields.uint(2) !== 0) throw unknownStructure("a compressed heap");
  fields.skip(1);
  const maxObjectBytes = fields.uint(4);
  fields.length();
  const hugeObjectTree = fields.address();
  fields.length();
  fields.address();
  fields.skip(8 * lengthBytes);
  const width = fields.uint(2);
  const startBytes = fields.length();
  const maxDirectBytes = fields.length();
  const offsetBytes = Math.ceil(fields.uint(2) / 8);
  fields.skip(2);
  const root = fields.address();
  const rootRows = fields.uint(2);
  if (width === 0 || startBytes === 0) throw brokenStructure();
  return { idBytes, maxObjectBytes, hugeObjectTree, width, startBytes, maxDirectBytes, offsetBytes, root, rootRows };
}

function managedObject(file: FileBytes, heap: Heap, id: Buffer): Cursor {
  const fields = cursor(id.subarray(1), file.sizes);
  const offset = fields.uint(heap.offsetBytes);
  const sizeBytes = fields.uint(Math.min(bytesFor(heap.maxDirectBytes), bytesFor(heap.maxObjectBytes)));
  return file.structure(addressOf(file, heap, offset), sizeBytes);
}

/** The address of a heap offset: follows indirect blocks down to its direct block. */
function addressOf(file: FileBytes, heap: DoublingTable, offset: number): number {
  let { root: block, rootRows: rows } = heap;
  let left = offset;
  for (let level = 0; level < maxLevels; level++) {
    if (block === undefined) throw brokenStructure();
    if (rows === 0) return block + left;
    const entry = entryAt(heap, left);
    if (entry.row >= rows) throw brokenStructure();
    const pointers = block + 5 + file.sizes.address + heap.offsetBytes;
    const index = entry.row * heap.width + entry.column;
    block = file.structure(pointers + index * file.sizes.address, file.sizes.address).address();
    left = entry.left;
    rows = entry.sizeBytes <= heap.maxDirectBytes ? 0 : rowsOf(heap, entry.sizeBytes);
  }
  throw brokenStructure();
}

/** The block of an offset. The blocks of the first two rows have the same size; it doubles with each further row. */
function entryAt(
  { width, startBytes }: DoublingTable,
  offset: number,
): { row: number; column: number; left: number; sizeBytes: number } {
  const row = Math.max(0, Math.floor(Math.log2(offset / (width * startBytes))) + 1);
  const sizeBytes = startBytes * 2 ** Math.max(0, row - 1);
  const within = offset - (row === 0 ? 0 : width * sizeBytes);
  return { row, column: Math.floor(within / sizeBytes), left: within % sizeBytes, sizeBytes };
}

function rowsOf({ width, startBytes }: DoublingTable, sizeBytes: number): number {
  return Math.log2(sizeBytes / (width * startBytes)) + 1;
}

/** An object too large for blocks: its id holds its address, or its key in a B-tree. */
function hugeObject(file: FileBytes, { idBytes, hugeObjectTree }: Heap, id: Buffer): Cursor {
  const { address: addressBytes, length: lengthBytes } = file.sizes;
  const fields = cursor(id.subarray(1), file.sizes);
  if (idBytes > addressBytes + lengthBytes) return file.structure(fields.address(), fields.length());
  const number = fields.uint(Math.min(8, idBytes - 1));
  for (const record of btreeV2Records(file, hugeObjectTree, hugeObjectRecords)) {
    const address = record.address();
    const sizeBytes = record.length();
    if (record.length() === number) return file.structure(address, sizeBytes);
  }
  throw brokenStructure();
}
