import type { Cursor } from "../bytes/cursor.ts";
import type { FileBytes } from "../bytes/file-bytes.ts";
import { brokenStructure } from "../hdf5-error.ts";
import { fractalHeap } from "../indexes/fractal-heap.ts";
import { btreeV2Records } from "../indexes/btree-v2.ts";
import { symbolTable } from "../indexes/symbol-table.ts";
import { messageTypes, type ObjectHeader } from "./object-header.ts";

/** The target of a link: the address of an object header; soft and external links are not followed. */
export type Link = number | "soft" | "external";

const nameRecordKind = 5;

/** The links of a group by name. Throws an Hdf5Error. */
export function groupLinks(file: FileBytes, header: ObjectHeader): ReadonlyMap<string, Link> {
  const table = header.first(messageTypes.symbolTable);
  if (table !== undefined) return new Map(symbolTable(file, table));
  const links = header.all(messageTypes.link).map(linkOf);
  const info = header.first(messageTypes.linkInfo);
  return new Map(info === undefined ? links : [...links, ...denseLinks(file, info)]);
}

/** Links in dense storage: too many for the object header. */
function* denseLinks(file: FileBytes, info: Cursor): Generator<readonly [string, Link]> {
  info.skip(1);
  if ((info.uint(1) & 1) !== 0) info.skip(8);
  const heapAddress = info.address();
  if (heapAddress === undefined) return;
  const heap = fractalHeap(file, heapAddress);
  for (const record of btreeV2Records(file, info.address(), nameRecordKind)) {
    record.skip(4);
    yield linkOf(heap.object(record.bytes(record.left())));
  }
}

/** Reads a link message. Specification IV.A.2.g. */
function linkOf(message: Cursor): readonly [string, Link] {
  if (message.uint(1) !== 1) throw brokenStructure();
  const flags = message.uint(1);
  const type = (flags & 8) === 0 ? 0 : message.uint(1);
  if ((flags & 4) !== 0) message.skip(8);
  if ((flags & 16) !== 0) message.skip(1);
  const name = message.bytes(message.uint(2 ** (flags & 3))).toString("utf8");
  if (type === 0) return [name, message.address() ?? "soft"];
  return [name, type === 1 ? "soft" : "external"];
}
