import { inflateSync } from "node:zlib";

import type { Cursor } from "../bytes/cursor.ts";
import { brokenStructure, Hdf5Error } from "../hdf5-error.ts";

/** A filter of the pipeline that each chunk went through. */
export type Filter = (typeof filterNames)[keyof typeof filterNames];

const filterNames = { 1: "deflate", 2: "shuffle", 3: "checksum" } as const;

/** The filter pipeline of a dataset. Throws an Hdf5Error for an unsupported filter. Specification IV.A.2.l. */
export function filters(message: Cursor | undefined): readonly Filter[] {
  if (message === undefined) return [];
  const version = message.uint(1);
  const count = message.uint(1);
  if (version === 1) message.skip(6);
  else if (version !== 2) throw brokenStructure();
  return Array.from({ length: count }, () => filterOf(message, version));
}

function filterOf(message: Cursor, version: number): Filter {
  const id = message.uint(2);
  const nameBytes = version === 1 || id >= 256 ? message.uint(2) : 0;
  message.skip(2);
  const values = message.uint(2);
  message.skip(version === 1 ? nameBytes + ((8 - (nameBytes % 8)) % 8) : nameBytes);
  message.skip(values * 4 + (version === 1 && values % 2 === 1 ? 4 : 0));
  if (id === 1 || id === 2 || id === 3) return filterNames[id];
  throw new Hdf5Error("", `it is compressed by filter ${id}; must be gzip`);
}

/** A chunk to decode. */
export interface FilteredChunk {
  readonly sizeBytes: number;
  readonly elementBytes: number;
  /** Filter mask: bits of the filters that were skipped. */
  readonly mask: number;
}

/** Reverses the filters, the last one first. Throws an Hdf5Error unless the result is exactly one chunk. */
export function unfiltered(
  stored: Uint8Array<ArrayBuffer>,
  filters: readonly Filter[],
  { sizeBytes, elementBytes, mask }: FilteredChunk,
): Uint8Array<ArrayBuffer> {
  let bytes = stored;
  for (const [i, filter] of [...filters.entries()].toReversed()) {
    if (((mask >> i) & 1) !== 0) continue;
    if (filter === "deflate") bytes = inflated(bytes, sizeBytes + 4 * filters.length);
    else if (filter === "checksum") bytes = bytes.subarray(0, -4);
    else bytes = unshuffled(bytes, elementBytes);
  }
  if (bytes.length !== sizeBytes) throw damaged();
  return bytes;
}

function damaged(): Hdf5Error {
  return new Hdf5Error("", "its data cannot be read: it is damaged or cut short");
}

function inflated(bytes: Uint8Array, maxOutputLength: number): Uint8Array<ArrayBuffer> {
  try {
    return inflateSync(bytes, { maxOutputLength });
  } catch {
    throw damaged();
  }
}

/** Reverses the shuffle filter: first bytes of all elements, then second bytes, and so on; a partial element stays at the end. */
function unshuffled(bytes: Uint8Array, elementBytes: number): Uint8Array<ArrayBuffer> {
  const result = Uint8Array.from(bytes);
  const count = Math.floor(bytes.length / elementBytes);
  for (let byte = 0; byte < elementBytes; byte++) {
    for (let i = 0; i < count; i++) result[i * elementBytes + byte] = bytes[byte * count + i] ?? 0;
  }
  return result;
}
