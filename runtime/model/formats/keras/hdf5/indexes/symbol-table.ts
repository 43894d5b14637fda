import type { Cursor } from "../bytes/cursor.ts";
import type { FileBytes } from "../bytes/file-bytes.ts";
import type { Link } from "../objects/group-links.ts";
import { brokenStructure } from "../hdf5-error.ts";
import { btreeV1Entries } from "./btree-v1.ts";

const softLinkEntry = 2;

/** The links of an old-style group: a B-tree of symbol table nodes and a local heap of names. Specification III.B to D. */
export function* symbolTable(file: FileBytes, message: Cursor): Generator<readonly [string, Link]> {
  const tree = message.address();
  const names = localHeap(file, message.address());
  for (const { child } of btreeV1Entries(file, { kind: 0, keyBytes: file.sizes.length }, tree)) {
    yield* symbolNode(file, child, names);
  }
}

function* symbolNode(file: FileBytes, address: number | undefined, names: Buffer): Generator<readonly [string, Link]> {
  const head = file.structure(address, 8);
  head.expect("SNOD\x01");
  head.skip(1);
  const count = head.uint(2);
  const entryBytes = 2 * file.sizes.address + 24;
  const entries = file.structure((address ?? 0) + 8, count * entryBytes);
  for (let i = 0; i < count; i++) {
    const name = nameAt(names, entries.uint(file.sizes.address));
    const object = entries.address();
    const cached = entries.uint(4);
    entries.skip(20);
    yield [name, cached === softLinkEntry ? "soft" : (object ?? "soft")];
  }
}

function localHeap(file: FileBytes, address: number | undefined): Buffer {
  const { length: lengthBytes, address: addressBytes } = file.sizes;
  const head = file.structure(address, 8 + 2 * lengthBytes + addressBytes);
  head.expect("HEAP\0");
  head.skip(3);
  const sizeBytes = head.length();
  head.length();
  return file.structure(head.address(), sizeBytes).bytes(sizeBytes);
}

function nameAt(names: Buffer, start: number): string {
  const end = names.indexOf(0, start);
  if (start >= names.length || end === -1) throw brokenStructure();
  return names.toString("utf8", start, end);
}
