import type { Cursor } from "../bytes/cursor.ts";
import type { FileBytes } from "../bytes/file-bytes.ts";
import { brokenStructure } from "../hdf5-error.ts";

interface Tree {
  readonly nodeBytes: number;
  readonly recordBytes: number;
  /** Widths of the two counts in a pointer to a node, the second by depth. */
  readonly countBytes: number;
  readonly totalBytes: readonly number[];
}

interface Node {
  readonly address: number | undefined;
  readonly count: number;
  readonly depth: number;
}

/** Signature, version and type before the records, checksum after them. */
const frameBytes = 10;
const maxDepth = 16;

/** The records of a version 2 B-tree of this type, in any order. Specification III.A.2. */
export function* btreeV2Records(file: FileBytes, address: number | undefined, kind: number): Generator<Cursor> {
  const head = file.structure(address, 18 + file.sizes.address);
  head.expect("BTHD\0");
  if (head.uint(1) !== kind) throw brokenStructure();
  const nodeBytes = head.uint(4);
  const recordBytes = head.uint(2);
  const depth = head.uint(2);
  head.skip(2);
  const root = { address: head.address(), count: head.uint(2), depth };
  if (depth > maxDepth || recordBytes === 0) throw brokenStructure();
  if (root.count > 0) yield* recordsIn(file, treeOf(file, { nodeBytes, recordBytes }, depth), root);
}

/** The widths of counts follow from how many records fit into a node: H5B2hdr.c, H5B2__hdr_init. */
function treeOf(
  file: FileBytes,
  { nodeBytes, recordBytes }: Pick<Tree, "nodeBytes" | "recordBytes">,
  depth: number,
): Tree {
  const fitting = Math.floor((nodeBytes - frameBytes) / recordBytes);
  const countBytes = bytesFor(fitting);
  const totalBytes = [0];
  let total = fitting;
  for (let level = 1; level < depth; level++) {
    const pointerBytes = file.sizes.address + countBytes + (totalBytes[level - 1] ?? 0);
    const records = Math.floor((nodeBytes - frameBytes - pointerBytes) / (recordBytes + pointerBytes));
    total = (records + 1) * total + records;
    totalBytes.push(bytesFor(total));
  }
  return { nodeBytes, recordBytes, countBytes, totalBytes };
}

/** Bytes of a field that can hold `largest`. */
export function bytesFor(largest: number): number {
  return Math.floor(Math.log2(Math.max(1, largest)) / 8) + 1;
}

function* recordsIn(file: FileBytes, tree: Tree, { address, count, depth }: Node): Generator<Cursor> {
  const { nodeBytes, recordBytes, countBytes, totalBytes } = tree;
  const fields = file.structure(address, nodeBytes);
  fields.expect(depth === 0 ? "BTLF\0" : "BTIN\0");
  fields.skip(1);
  const records = (address ?? 0) + 6;
  fields.skip(count * recordBytes);
  for (let i = 0; i < count; i++) yield file.structure(records + i * recordBytes, recordBytes);
  if (depth === 0) return;
  for (let i = 0; i <= count; i++) {
    const child = { address: fields.address(), count: fields.uint(countBytes), depth: depth - 1 };
    fields.skip(totalBytes[depth - 1] ?? 0);
    yield* recordsIn(file, tree, child);
  }
}
