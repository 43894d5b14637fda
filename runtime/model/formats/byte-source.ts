import { readSync } from "node:fs";

/** Random access to the bytes that a parser may read. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Reads into `target` from `position` on; returns the number of bytes read, fewer at the end. */
  read(target: Uint8Array, position: number): number;
}

/** An open file, read on demand: nothing is held in memory. */
export function fileSource(fd: number, sizeBytes: number): ByteSource {
  return {
    sizeBytes,
    read: (target, position) => {
      const length = Math.min(target.length, sizeBytes - position);
      return length <= 0 ? 0 : readSync(fd, target, 0, length, position);
    },
  };
}

/** Bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    read: (target, position) => {
      const part = bytes.subarray(position, position + target.length);
      target.set(part);
      return part.length;
    },
  };
}

/** A range of another source. The caller has checked that it lies inside. */
export function windowSource(source: ByteSource, start: number, sizeBytes: number): ByteSource {
  return {
    sizeBytes,
    read: (target, position) => {
      const length = Math.min(target.length, sizeBytes - position);
      return length <= 0 ? 0 : source.read(target.subarray(0, length), start + position);
    },
  };
}

/** A copy of a range; shorter than `length` when the source ends before. */
export function bytesAt(source: ByteSource, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, Math.min(length, source.sizeBytes - position)));
  const count = source.read(bytes, position);
  return bytes.subarray(0, count);
}
