import type { FileBytes } from "../bytes/file-bytes.ts";
import { brokenStructure } from "../hdf5-error.ts";

/** Returns an object by the address of its collection and its number in it. */
export type GlobalHeap = (collection: number | undefined, number: number) => Buffer;

/** The global heap, which holds variable-length strings. Each collection is read once. Specification III.E. */
export function globalHeap(file: FileBytes): GlobalHeap {
  const known = new Map<number, ReadonlyMap<number, Buffer>>();
  return (collection, number) => {
    if (collection === undefined) throw brokenStructure();
    const objects = known.get(collection) ?? objectsOf(file, collection);
    known.set(collection, objects);
    const object = objects.get(number);
    if (object === undefined) throw brokenStructure();
    return object;
  };
}

function objectsOf(file: FileBytes, address: number): ReadonlyMap<number, Buffer> {
  const headBytes = 8 + file.sizes.length;
  const head = file.structure(address, headBytes);
  head.expect("GCOL\x01");
  head.skip(3);
  const fields = file.structure(address + headBytes, head.length() - headBytes);
  const objects = new Map<number, Buffer>();
  while (fields.left() >= headBytes) {
    const number = fields.uint(2);
    fields.skip(6);
    const sizeBytes = fields.length();
    if (number === 0) break; // the rest is free space
    objects.set(number, fields.bytes(sizeBytes));
    fields.skip(Math.min(fields.left(), (8 - (sizeBytes % 8)) % 8));
  }
  return objects;
}
