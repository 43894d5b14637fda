import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { CallRefusedError } from "./call-status.ts";

/** A flag and the length of the message stand before each (gRPC over HTTP2, "Length-Prefixed-Message"). */
const prefixBytes = 5;

/** A message as it came. */
export interface RawMessage {
  readonly isCompressed: boolean;
  readonly bytes: Buffer;
}

/** Room for the beginning of a message; for more of it there is four times as much each time. */
const firstBytes = 64 * 1024;
const growth = 4;

/** Takes the body of a call apart into its messages. */
export class MessageReader {
  readonly #maxBytes: number;
  readonly #take: (message: RawMessage) => void;
  /** The beginning of a message that has not come whole: a copy, so that small pieces do not hold on to what came with them. */
  #held: Buffer = Buffer.alloc(0);
  #heldBytes = 0;

  constructor(maxBytes: number, take: (message: RawMessage) => void) {
    this.#maxBytes = maxBytes;
    this.#take = take;
  }

  /** Throws CallRefusedError when a message is too large. */
  read(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const leftBytes = chunk.length - at;
      const isHeld = this.#heldBytes > 0;
      const neededBytes = isHeld
        ? this.#framedBytes(this.#held, 0, this.#heldBytes)
        : this.#framedBytes(chunk, at, leftBytes);
      const takenBytes = Math.min(leftBytes, neededBytes - this.#heldBytes);
      const isWhole = !isHeld && takenBytes === neededBytes && neededBytes > prefixBytes;
      if (isWhole) this.#hand(chunk.subarray(at, at + takenBytes));
      else this.#hold(chunk.subarray(at, at + takenBytes), neededBytes);
      at += takenBytes;
    }
  }

  /** Bytes of a message with its prefix, of which so many are there; of the prefix, as long as that is not there. */
  #framedBytes(bytes: Buffer, at: number, count: number): number {
    if (count < prefixBytes) return prefixBytes;
    const sizeBytes = bytes.readUInt32BE(at + 1);
    if (sizeBytes <= this.#maxBytes) return prefixBytes + sizeBytes;
    const details = `Received message larger than max (${sizeBytes} vs ${this.#maxBytes})`;
    throw new CallRefusedError("RESOURCE_EXHAUSTED", details);
  }

  #hold(bytes: Buffer, neededBytes: number): void {
    const heldBytes = this.#heldBytes + bytes.length;
    if (heldBytes > this.#held.length) {
      const roomBytes = Math.max(heldBytes, Math.min(neededBytes, Math.max(firstBytes, growth * this.#held.length)));
      // As in body-parts.ts: raw contents stand at the end of a message.
      const padBytes = -roomBytes & 7;
      const room = Buffer.allocUnsafe(padBytes + roomBytes).subarray(padBytes);
      this.#held.copy(room, 0, 0, this.#heldBytes);
      this.#held = room;
    }
    bytes.copy(this.#held, this.#heldBytes);
    this.#heldBytes = heldBytes;
    if (heldBytes < prefixBytes || heldBytes < this.#framedBytes(this.#held, 0, heldBytes)) return;
    this.#hand(this.#held.subarray(0, heldBytes));
    this.#held = Buffer.alloc(0);
    this.#heldBytes = 0;
  }

  #hand(framed: Buffer): void {
    this.#take({ isCompressed: framed[0] === 1, bytes: framed.subarray(prefixBytes) });
  }
}

/** The message as it was before it was compressed. Rejects with CallRefusedError. */
export async function plainMessage(
  { bytes, isCompressed }: RawMessage,
  encoding: string,
  maxBytes: number,
): Promise<Buffer> {
  if (!isCompressed || encoding === "identity") return bytes;
  const unpack = encoding === "gzip" ? gunzip : encoding === "deflate" ? inflate : undefined;
  if (unpack === undefined) {
    throw new CallRefusedError("UNIMPLEMENTED", `Received message compressed with unsupported encoding "${encoding}"`);
  }
  try {
    return await promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(unpack)(bytes, {
      maxOutputLength: maxBytes,
    });
  } catch (thrown) {
    const isTooLarge = thrown instanceof RangeError;
    const details = isTooLarge
      ? `Received message that decompresses to a size larger than ${maxBytes}`
      : "Failed to decompress message";
    throw new CallRefusedError(isTooLarge ? "RESOURCE_EXHAUSTED" : "INTERNAL", details);
  }
}

/** A message with its prefix, in pieces where copying would cost more. */
export function framedMessage(message: Uint8Array): readonly Buffer[] {
  const isCopied = message.length <= copiedBytes;
  const bytes = Buffer.allocUnsafe(prefixBytes + (isCopied ? message.length : 0));
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  if (!isCopied) return [bytes, Buffer.from(message.buffer, message.byteOffset, message.byteLength)];
  bytes.set(message, prefixBytes);
  return [bytes];
}

const copiedBytes = 16 * 1024;
