import type { Cursor } from "../bytes/cursor.ts";
import type { FileBytes } from "../bytes/file-bytes.ts";
import { brokenStructure } from "../hdf5-error.ts";

/** What a tree leads to: groups' tables of names, or chunks. */
export interface NodeTree {
  readonly kind: 0 | 1;
  readonly keyBytes: number;
}

/** The leaves' entries of a version 1 B-tree, in order: each one's key and what it points to. Specification III.A.1. */
export function* treeEntries(
  file: FileBytes,
  tree: NodeTree,
  address: number | undefined,
  level?: number,
): Generator<{ readonly key: Cursor; readonly child: number | undefined }> {
  const { kind, keyBytes } = tree;
  const headBytes = 8 + 2 * file.sizes.address;
  const head = file.structure(address, headBytes);
  head.expect("TREE");
  const found = head.uint(1);
  const own = head.uint(1);
  const count = head.uint(2);
  // Levels that only go down lead nowhere back.
  if (found !== kind || (level !== undefined && own !== level)) throw brokenStructure();
  const entryBytes = keyBytes + file.sizes.address;
  const place = (address ?? 0) + headBytes;
  for (let i = 0; i < count; i++) {
    const key = file.structure(place + i * entryBytes, entryBytes);
    const child = file.structure(place + i * entryBytes + keyBytes, file.sizes.address).address();
    if (own === 0) yield { key, child };
    else yield* treeEntries(file, tree, child, own - 1);
  }
}
