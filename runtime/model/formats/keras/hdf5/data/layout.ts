import type { Cursor } from "../bytes/cursor.ts";
import { brokenStructure, Hdf5Error, unknownStructure } from "../hdf5-error.ts";

/** Where the elements of a dataset are. */
export type Layout =
  | { readonly kind: "compact"; readonly content: Buffer }
  /** `undefined`: nothing was ever written. */
  | { readonly kind: "contiguous"; readonly address: number | undefined }
  | ChunkedLayout;

/** How the chunks of a dataset are found. */
export type ChunkIndex = "tree" | "single" | "array" | "records";

/** A dataset in chunks of one shape, each of which may be compressed. */
export interface ChunkedLayout {
  readonly kind: "chunked";
  /** Of one chunk, in elements. */
  readonly chunk: readonly number[];
  readonly index: ChunkIndex;
  readonly address: number | undefined;
  /** Of a single chunk that is filtered: what it takes up, and the filters it went without. */
  readonly single?: { readonly sizeBytes: number; readonly mask: number };
}

const maxRank = 32;

/** Specification IV.A.2.i; versions 1 and 2 were last written in 2004. */
export function layout(message: Cursor): Layout {
  const version = message.uint(1);
  if (version < 3 || version > 5) throw unknownStructure(`a layout of version ${version}`);
  const kind = message.uint(1);
  if (kind === 0) return { kind: "compact", content: message.bytes(message.uint(2)) };
  if (kind === 1) return { kind: "contiguous", address: message.address() };
  if (kind === 3) throw new Hdf5Error("", "its data is in other files");
  if (kind !== 2) throw brokenStructure();
  return version === 3 ? oldChunks(message) : newChunks(message);
}

function oldChunks(message: Cursor): Layout {
  const rank = rankOf(message);
  const address = message.address();
  return { kind: "chunked", chunk: Array.from({ length: rank }, () => message.uint(4)), index: "tree", address };
}

/** The last of the dimensions is the size of an element. */
function rankOf(message: Cursor): number {
  const rank = message.uint(1) - 1;
  if (rank < 1 || rank > maxRank) throw brokenStructure();
  return rank;
}

function newChunks(message: Cursor): Layout {
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
      return { ...chunked, index: "array", address: message.address() };
    case 5:
      message.skip(6);
      return { ...chunked, index: "records", address: message.address() };
    default:
      throw unknownStructure(`a list of chunks of kind ${kind}`);
  }
}
