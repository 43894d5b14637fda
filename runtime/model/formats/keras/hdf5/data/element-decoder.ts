import { floatOfHalf } from "../../../../../base/half-float.ts";
import type { Datatype } from "../objects/datatype.ts";

/** Numbers of stored elements: the bytes are the caller's to give away, and begin where elements of their size may. */
export type Elements = (bytes: Uint8Array<ArrayBuffer>) => ArrayLike<number>;

type Numbers = new (buffer: ArrayBuffer, start: number, length: number) => ArrayLike<number>;

/** By kind and size in bytes. */
const elements: ReadonlyMap<string, Elements> = new Map<string, Elements>([
  ["float 8", viewOf(Float64Array)],
  ["float 4", viewOf(Float32Array)],
  ["float 2", (bytes) => Float32Array.from(words(bytes), floatOfHalf)],
  ["bfloat 2", floatsOfUpperHalves],
  // Keras 3 writes bfloat16 as two bytes of no type.
  ["opaque 2", floatsOfUpperHalves],
  [
    "signed 8",
    (bytes) => Float64Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8), Number),
  ],
  ["signed 4", viewOf(Int32Array)],
  ["signed 2", viewOf(Int16Array)],
  ["signed 1", viewOf(Int8Array)],
  [
    "unsigned 8",
    (bytes) => Float64Array.from(new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8), Number),
  ],
  ["unsigned 4", viewOf(Uint32Array)],
  ["unsigned 2", viewOf(Uint16Array)],
  ["unsigned 1", viewOf(Uint8Array)],
]);

/** How elements of a type become numbers; `undefined`: they are none of at most 64 bits. */
export function elementsOf(type: Datatype): Elements | undefined {
  const read = elements.get(`${type.kind} ${type.sizeBytes}`);
  if (read === undefined || !("isBigEndian" in type && type.isBigEndian)) return read;
  return (bytes) => read(swapped(bytes, type.sizeBytes));
}

function viewOf(View: Numbers & { readonly BYTES_PER_ELEMENT: number }): Elements {
  return (bytes) => new View(bytes.buffer, bytes.byteOffset, bytes.length / View.BYTES_PER_ELEMENT);
}

function floatsOfUpperHalves(bytes: Uint8Array<ArrayBuffer>): Float32Array {
  return new Float32Array(Uint32Array.from(words(bytes), (bits) => bits << 16).buffer);
}

function words(bytes: Uint8Array<ArrayBuffer>): Uint16Array {
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

function swapped(bytes: Uint8Array<ArrayBuffer>, sizeBytes: number): Uint8Array<ArrayBuffer> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (sizeBytes === 2) buffer.swap16();
  else if (sizeBytes === 4) buffer.swap32();
  else if (sizeBytes === 8) buffer.swap64();
  return bytes;
}
