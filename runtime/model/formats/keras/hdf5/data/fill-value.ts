import type { Cursor } from "../bytes/cursor.ts";
import type { ElementDecoder } from "./element-decoder.ts";

/** The value of elements that were never written. Specification IV.A.2.f. */
export function fillValue(message: Cursor | undefined, decode: ElementDecoder): number {
  if (message === undefined) return 0;
  const bytes = valueOf(message);
  return bytes.length === 0 ? 0 : (decode(Uint8Array.from(bytes))[0] ?? 0);
}

function valueOf(message: Cursor): Uint8Array {
  const version = message.uint(1);
  if (version === 3) {
    const isGiven = (message.uint(1) & 0x20) !== 0;
    return isGiven ? message.bytes(message.uint(4)) : Buffer.alloc(0);
  }
  message.skip(2);
  const isGiven = message.uint(1) !== 0 || version === 1;
  return isGiven ? message.bytes(message.uint(4)) : Buffer.alloc(0);
}
