import { Buffer } from "node:buffer";
import { ConnectionError, errorCodes, flags, frameHeadBytes, frameTypes, maxFrameBytes } from "../wire.ts";

/** Receives what a FrameReader has parsed. */
export interface FrameSink {
  /** No more frames are wanted. */
  readonly isOver: boolean;
  /** A whole frame, except unpadded DATA; the payload is in `bytes` from `start` to `end`. */
  frame(frame: Frame): void;
  /** A part of a DATA frame, as received. `isEnd`: the last part of the frame that ends its stream. */
  data(stream: number, piece: Buffer, isEnd: boolean): void;
}

/** One frame. The object is reused for all frames. */
export interface Frame {
  type: number;
  flags: number;
  stream: number;
  bytes: Buffer;
  start: number;
  end: number;
}

/** Parses the byte stream of one connection into frames. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #frame: Frame = { type: 0, flags: 0, stream: 0, bytes: Buffer.alloc(0), start: 0, end: 0 };
  #rest: Buffer | undefined;
  /** What must precede the first frame. */
  #preface: Buffer | undefined;
  /** Remaining bytes of the current DATA frame. */
  #dataLeft = 0;
  #dataStream = 0;
  #isDataEnd = false;

  constructor(sink: FrameSink, preface?: Buffer) {
    this.#sink = sink;
    this.#preface = preface;
  }

  /** Throws ConnectionError. */
  read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    if (this.#preface !== undefined) {
      at = this.#readPreface(bytes, this.#preface);
      if (at === 0) {
        this.#rest = bytes;
        return;
      }
    }
    for (let before = -1; before < at && !this.#sink.isOver;) {
      before = at;
      at = this.#dataLeft > 0 ? this.#readData(bytes, at) : this.#readFrame(bytes, at);
    }
    if (at < bytes.length) this.#rest = at === 0 ? bytes : bytes.subarray(at);
  }

  #readPreface(bytes: Buffer, preface: Buffer): number {
    const length = Math.min(bytes.length, preface.length);
    if (bytes.compare(preface, 0, length, 0, length) !== 0) {
      throw new ConnectionError(errorCodes.protocolError, "the connection does not start with the HTTP/2 preface");
    }
    if (length < preface.length) return 0;
    this.#preface = undefined;
    return length;
  }

  #readData(bytes: Buffer, at: number): number {
    const length = Math.min(this.#dataLeft, bytes.length - at);
    if (length === 0) return at;
    this.#dataLeft -= length;
    this.#sink.data(this.#dataStream, pieceOf(bytes, at, at + length), this.#isDataEnd && this.#dataLeft === 0);
    return at + length;
  }

  /** Returns where the next frame begins; `at` when this one is incomplete. */
  #readFrame(bytes: Buffer, at: number): number {
    const start = at + frameHeadBytes;
    if (start > bytes.length) return at;
    const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    if (length > maxFrameBytes) {
      throw new ConnectionError(errorCodes.frameSizeError, `a frame has ${length} bytes; may have ${maxFrameBytes}`);
    }
    const frame = this.#frame;
    frame.type = bytes[at + 3] ?? 0;
    frame.flags = bytes[at + 4] ?? 0;
    frame.stream = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    if (frame.type === frameTypes.data && length > 0 && (frame.flags & flags.padded) === 0) {
      this.#dataLeft = length;
      this.#dataStream = frame.stream;
      this.#isDataEnd = (frame.flags & flags.endStream) !== 0;
      return start;
    }
    if (start + length > bytes.length) return at;
    frame.bytes = bytes;
    frame.start = start;
    frame.end = start + length;
    this.#sink.frame(frame);
    return start + length;
  }
}

/** A part of a body that does not keep a much larger read buffer in memory, which belongs to other streams as well. */
function pieceOf(bytes: Buffer, start: number, end: number): Buffer {
  const length = end - start;
  if (length === bytes.length) return bytes;
  const piece = bytes.subarray(start, end);
  return bytes.length > largeBytes && length < bytes.length / 4 ? Buffer.from(piece) : piece;
}

/** Smaller reads share memory with others anyway. */
const largeBytes = 4096;
