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

/** Takes the body of a call apart into its messages. */
export class MessageReader {
  readonly #maxBytes: number;
  readonly #take: (message: RawMessage) => void;
  #pieces: Buffer[] = [];
  #haveBytes = 0;
  /** Of the next message with its prefix; the prefix alone until it has come. */
  #neededBytes = prefixBytes;

  constructor(maxBytes: number, take: (message: RawMessage) => void) {
    this.#maxBytes = maxBytes;
    this.#take = take;
  }

  /** Throws CallRefusedError when a message is too large. */
  read(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#haveBytes += chunk.length;
    while (this.#haveBytes >= this.#neededBytes) {
      const all = this.#joined();
      const sizeBytes = all.readUInt32BE(1);
      if (sizeBytes > this.#maxBytes) {
        throw new CallRefusedError(
          "RESOURCE_EXHAUSTED",
          `Received message larger than max (${sizeBytes} vs ${this.#maxBytes})`,
        );
      }
      const end = prefixBytes + sizeBytes;
      this.#neededBytes = end;
      if (all.length < end) continue;
      this.#neededBytes = prefixBytes;
      this.#pieces = all.length === end ? [] : [all.subarray(end)];
      this.#haveBytes = all.length - end;
      this.#take({ isCompressed: all[0] === 1, bytes: all.subarray(prefixBytes, end) });
    }
  }

  #joined(): Buffer {
    const [first] = this.#pieces;
    if (this.#pieces.length === 1 && first !== undefined) return first;
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
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
