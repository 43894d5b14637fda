import { brokenStructure } from "../hdf5-error.ts";

/** Sizes in bytes of the file's address and length fields. */
export interface FieldSizes {
  readonly address: number;
  readonly length: number;
}

/** Reads the little-endian fields of a structure in order. Every read throws an Hdf5Error beyond the end. */
export interface Cursor {
  readonly left: () => number;
  /** A view of the next bytes. */
  readonly bytes: (count: number) => Buffer;
  readonly skip: (count: number) => void;
  /** An unsigned integer of 1 to 8 bytes. Inexact above 2⁵³, which no file reaches. */
  readonly uint: (sizeBytes: number) => number;
  /** `undefined` for the undefined address (all bits set). */
  readonly address: () => number | undefined;
  readonly length: () => number;
  /** Throws an Hdf5Error unless the next bytes are this signature. */
  readonly expect: (signature: string) => void;
}

/** A cursor at the start of these bytes. */
export function cursor(bytes: Buffer, sizes: FieldSizes): Cursor {
  let position = 0;
  const take = (count: number): number => {
    const start = position;
    if (!(count >= 0 && start + count <= bytes.length)) throw brokenStructure();
    position += count;
    return start;
  };
  const uint = (sizeBytes: number): number => uintAt(bytes, take(sizeBytes), sizeBytes);
  return {
    left: () => bytes.length - position,
    bytes: (count) => bytes.subarray(take(count), position),
    skip: take,
    uint,
    address: () => {
      const start = take(sizes.address);
      const isUndefined = bytes.subarray(start, position).every((byte) => byte === 0xff);
      return isUndefined ? undefined : uintAt(bytes, start, sizes.address);
    },
    length: () => uint(sizes.length),
    expect: (signature) => {
      if (!bytes.subarray(take(signature.length), position).equals(Buffer.from(signature, "latin1"))) {
        throw brokenStructure();
      }
    },
  };
}

function uintAt(bytes: Buffer, start: number, sizeBytes: number): number {
  if (sizeBytes > 8) throw brokenStructure();
  if (sizeBytes <= 4) return sizeBytes === 0 ? 0 : bytes.readUIntLE(start, sizeBytes);
  return bytes.readUInt32LE(start) + bytes.readUIntLE(start + 4, sizeBytes - 4) * 2 ** 32;
}
