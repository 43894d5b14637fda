import { brokenStructure } from "../hdf5-error.ts";

/** Sizes in bytes of a file's addresses and lengths. */
export interface FieldSizes {
  readonly address: number;
  readonly length: number;
}

/** Fields of a structure, one after the other, little-endian. Each throws an Hdf5Error beyond the end. */
export interface Cursor {
  readonly left: () => number;
  /** A view. */
  readonly bytes: (count: number) => Buffer;
  readonly skip: (count: number) => void;
  /** Of 1 to 8 bytes. Inexact beyond 2⁵³, where no file reaches. */
  readonly uint: (sizeBytes: number) => number;
  /** `undefined`: there is nothing. */
  readonly address: () => number | undefined;
  readonly length: () => number;
  /** Throws when something else is there. */
  readonly expect: (signature: string) => void;
}

/** A cursor at the first of these bytes. */
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
      const isNowhere = bytes.subarray(start, position).every((byte) => byte === 0xff);
      return isNowhere ? undefined : uintAt(bytes, start, sizes.address);
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
