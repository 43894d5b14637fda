import { Buffer } from "node:buffer";
import type { Frame } from "./frame-reader.ts";
import { type DecodedHeaders, HeaderReader, type HeaderLimits } from "../hpack/header-reader.ts";
import { ConnectionError, errorCodes, flags } from "../wire.ts";

/** A complete header block. */
export interface HeaderBlock {
  readonly stream: number;
  /** Nothing follows on its stream. */
  readonly isLast: boolean;
  readonly headers: DecodedHeaders;
  /** The stream names itself as its parent, which is an error. */
  readonly isOwnParent: boolean;
}

/** Limits of a block: its size as a multiple of the header list's, and its number of frames (CVE-2024-27316 and similar). */
const blockFactor = 4;
const maxFrames = 64;

interface Open {
  readonly stream: number;
  readonly isLast: boolean;
  readonly isOwnParent: boolean;
  readonly pieces: Buffer[];
  sizeBytes: number;
}

/** Assembles header blocks from their frames, and decodes them. */
export class HeaderBlockReader {
  readonly #decoder: HeaderReader;
  readonly #maxBytes: number;
  #open: Open | undefined;

  constructor(limits: HeaderLimits) {
    this.#decoder = new HeaderReader(limits);
    this.#maxBytes = blockFactor * limits.listBytes;
  }

  /** The stream whose block is incomplete: only its CONTINUATION frames may follow. */
  get openStream(): number | undefined {
    return this.#open?.stream;
  }

  /** Processes a HEADERS frame. Undefined: the block continues. Throws ConnectionError. */
  headers(frame: Frame): HeaderBlock | undefined {
    const { bytes, stream } = frame;
    let { start, end } = frame;
    if ((frame.flags & flags.padded) !== 0) {
      end -= bytes[start] ?? 0;
      start += 1;
    }
    let isOwnParent = false;
    if ((frame.flags & flags.priority) !== 0) {
      isOwnParent = end - start >= 5 && (bytes.readUInt32BE(start) & 0x7fff_ffff) === stream;
      start += 5;
    }
    if (start > end)
      throw new ConnectionError(errorCodes.protocolError, "a HEADERS frame is shorter than its padding and priority");
    const isLast = (frame.flags & flags.endStream) !== 0;
    if ((frame.flags & flags.endHeaders) !== 0) return this.#read({ stream, isLast, isOwnParent }, bytes, start, end);
    this.#open = { stream, isLast, isOwnParent, pieces: [bytes.subarray(start, end)], sizeBytes: end - start };
    return undefined;
  }

  /** Processes a CONTINUATION frame. Undefined: the block continues. Throws ConnectionError. */
  continuation({ stream, bytes, start, end, flags: flag }: Frame): HeaderBlock | undefined {
    const open = this.#open;
    if (open?.stream !== stream)
      throw new ConnectionError(errorCodes.protocolError, "a CONTINUATION frame continues no header block");
    open.pieces.push(bytes.subarray(start, end));
    open.sizeBytes += end - start;
    if (open.sizeBytes > this.#maxBytes || open.pieces.length > maxFrames) {
      throw new ConnectionError(errorCodes.enhanceYourCalm, "a header block does not end");
    }
    if ((flag & flags.endHeaders) === 0) return undefined;
    this.#open = undefined;
    return this.#read(open, Buffer.concat(open.pieces), 0, open.sizeBytes);
  }

  #read(
    { stream, isLast, isOwnParent }: Pick<HeaderBlock, "stream" | "isLast" | "isOwnParent">,
    ...block: readonly [Buffer, number, number]
  ): HeaderBlock {
    return { stream, isLast, isOwnParent, headers: this.#decoder.decoded(...block) };
  }
}
