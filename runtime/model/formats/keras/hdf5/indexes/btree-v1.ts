import type { Cursor } from "../bytes/cursor.ts";
import type { FileBytes } from "../bytes/file-bytes.ts";
import { brokenStructure } from "../hdf5-error.ts";

/** The type of a version 1 B-tree: 0 leads to symbol table nodes, 1 to chunks. */
export interface BtreeV1 {
  readonly kind: 0 | 1;
  readonly keyBytes: number;
}

/** The leaf entries of a version 1 B-tree, in order: key and child address. Specification III.A.1. */
export function* btreeV1Entries(
  file: FileBytes,
  tree: BtreeV1,
  address: number | undefined,
  level?: number,
): Generator<{ readonly key: Cursor; readonly child: number | undefined }> {
  const { kind, keyBytes } = tree;
  const headBytes = 8 + 2 * file.sizes.address;
  const head = file.structure(address, headBytes);
  head.expect("TREE");
  const found = head.uint(1);
  const ownLevel = head.uint(1);
  const count = head.uint(2);
  // Levels must decrease, which rules out cycles.
  if (found !== kind || (level !== undefined && ownLevel !== level)) throw brokenStructure();
  const entryBytes = keyBytes + file.sizes.address;
  const entriesAddress = (address ?? 0) + headBytes;
  for (let i = 0; i < count; i++) {
    const key = file.structure(entriesAddress + i * entryBytes, entryBytes);
    const child = file.structure(entriesAddress + i * entryBytes + keyBytes, file.sizes.address).address();
    if (ownLevel === 0) yield { key, child };
    else yield* btreeV1Entries(file, tree, child, ownLevel - 1);
  }
}
