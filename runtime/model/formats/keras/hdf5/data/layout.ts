import type { Cursor } from "../bytes/cursor.ts";
import { brokenStructure, Hdf5Error, unknownStructure } from "../hdf5-error.ts";
import { maxRank } from "../objects/dataspace.ts";

/** Where the elements of a dataset are stored. */
export type Layout =
  | { readonly kind: "compact"; readonly content: Buffer }
  /** `undefined`: nothing was written. */
  | { readonly kind: "contiguous"; readonly address: number | undefined }
  | ChunkedLayout;

/** The index structure of a chunked dataset. */
export type ChunkIndex = "btree-v1" | "single" | "fixed-array" | "btree-v2";

/** A layout of equally shaped chunks, each of which may be compressed. */
export interface ChunkedLayout {
  readonly kind: "chunked";
  /** Shape of one chunk, in elements. */
  readonly chunk: readonly number[];
  readonly index: ChunkIndex;
  readonly address: number | undefined;
  /** Stored size and filter mask of a single filtered chunk. */
  readonly single?: { readonly sizeBytes: number; readonly mask: number };
}

/** Reads a data layout message. Specification IV.A.2.i; versions 1 and 2 were last written in 2004. */
export function layout(message: Cursor): Layout {
  const version = message.uint(1);
  if (version < 3 || version > 5) throw unknownStructure(`a layout of version ${version}`);
  const kind = message.uint(1);
  if (kind === 0) return { kind: "compact", content: message.bytes(message.uint(2)) };
  if (kind === 1) return { kind: "contiguous", address: message.address() };
  if (kind === 3) throw new Hdf5Error("", "its data is in other files");
  if (kind !== 2) throw brokenStructure();
  return version === 3 ? version3Chunks(message) : version4Chunks(message);
}

function version3Chunks(message: Cursor): Layout {
  const rank = rankOf(message);
  const address = message.address();
  return { kind: "chunked", chunk: Array.from({ length: rank }, () => message.uint(4)), index: "btree-v1", address };
}

/** The last dimension in the message is the element size. */
function rankOf(message: Cursor): number {
  const rank = message.uint(1) - 1;
  if (rank < 1 || rank > maxRank) throw brokenStructure();
  return rank;
}

function version4Chunks(message: Cursor): Layout {
  const flags = message.uint(1);
  const rank = rankOf(message);
  const sizeBytes = message.uint(1);
  if ((flags & 1) !== 0) throw unknownStructure("a dataset with filters for some of its chunks");
  const chunk = Array.from({ length: rank }, () => message.uint(sizeBytes));
  message.skip(sizeBytes);
  const kind = message.uint(1);
  const chunked = { kind: "chunked", chunk } as const;
  switch (kind) {
    case 1: {
      const single = (flags & 2) === 0 ? {} : { single: { sizeBytes: message.length(), mask: message.uint(4) } };
      return { ...chunked, ...single, index: "single", address: message.address() };
    }
    case 3:
      message.skip(1);
      return { ...chunked, index: "fixed-array", address: message.address() };
    case 5:
      message.skip(6);
      return { ...chunked, index: "btree-v2", address: message.address() };
    default:
      throw unknownStructure(`a chunk index of type ${kind}`);
  }
}
