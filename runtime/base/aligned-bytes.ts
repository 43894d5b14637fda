import { Buffer } from "node:buffer";

/** Buffer's own pool hands out memory at multiples of this. */
const poolAlignment = 8;

/**
 * Bytes that a typed array of elements of this size can be laid over: themselves where their place in memory allows, else a copy.
 * Small copies come from Buffer's pool: a memory block of its own for each costs the garbage collector more than the copy.
 */
export function alignedBytes(bytes: Uint8Array, elementBytes: number): Uint8Array {
  if (bytes.byteOffset % elementBytes === 0) return bytes;
  const copy = Buffer.allocUnsafe(bytes.length);
  if (copy.byteOffset % poolAlignment !== 0) return new Uint8Array(bytes);
  copy.set(bytes);
  return copy;
}
