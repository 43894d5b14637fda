import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { frameHeadBytes } from "../wire.ts";

/** Memory block that frames are written into one after another. Written bytes are never overwritten. */
const slabBytes = 8 * 1024;
/** Payloads from this size on are not copied. */
const copiedBytes = 2 * 1024;
/** Bytes buffered per connection; beyond it, streams keep their data. */
const fullBytes = 512 * 1024;

/** Writers with frames to flush at the end of this turn of the event loop. */
const due: FrameWriter[] = [];

function flushAll(): void {
  // Frames written meanwhile are flushed in the next turn.
  const now = due.splice(0);
  for (const frames of now) frames.flush();
}

/** Buffers frames for one peer: all frames written in one turn of the event loop are sent by one system call. */
export class FrameWriter {
  readonly #socket: Socket;
  #slab: Buffer = Buffer.alloc(0);
  #start = 0;
  #at = 0;
  #parts: Buffer[] = [];
  #waitingBytes = 0;
  #isDue = false;
  #wasFull = false;
  readonly #hasRoom: () => void;

  /** `hasRoom` is called when the writer accepts more after it was full. */
  constructor(socket: Socket, hasRoom: () => void) {
    this.#socket = socket;
    this.#hasRoom = hasRoom;
    socket.on("drain", () => this.#notifyRoom());
  }

  /** Enough is buffered: streams must keep their data. */
  get isFull(): boolean {
    const isFull = this.#waitingBytes > fullBytes || this.#socket.writableNeedDrain;
    if (isFull) this.#wasFull = true;
    return isFull;
  }

  /** Bytes that the peer has not read. */
  get unreadBytes(): number {
    return this.#waitingBytes + this.#socket.writableLength;
  }

  /** Writes a frame's head; its payload must follow. */
  head(type: number, flags: number, stream: number, length: number): void {
    const at = this.#reserve(frameHeadBytes);
    const slab = this.#slab;
    slab[at] = length >>> 16;
    slab[at + 1] = length >>> 8;
    slab[at + 2] = length;
    slab[at + 3] = type;
    slab[at + 4] = flags;
    this.#number(at + 5, stream);
  }

  /** Writes one setting. */
  setting(id: number, value: number): void {
    const at = this.#reserve(6);
    this.#slab[at] = id >>> 8;
    this.#slab[at + 1] = id;
    this.#number(at + 2, value);
  }

  /** Writes four bytes of a payload. */
  uint32(value: number): void {
    this.#number(this.#reserve(4), value);
  }

  /** Writes payload bytes, which must not be changed afterwards. */
  bytes(source: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length < copiedBytes) {
      this.copy(source, start, end);
      return;
    }
    this.#sealPart();
    this.#parts.push(source.subarray(start, end));
    this.#waitingBytes += length;
  }

  /** Writes a copy of payload bytes. */
  copy(source: Buffer, start: number, end: number): void {
    const at = this.#reserve(end - start);
    source.copy(this.#slab, at, start, end);
  }

  /** Passes everything to the socket now. */
  flush(): void {
    this.#isDue = false;
    const socket = this.#socket;
    if (this.#waitingBytes === 0 || socket.destroyed || !socket.writable) return;
    this.#waitingBytes = 0;
    if (this.#parts.length === 0) {
      socket.write(this.#slab.subarray(this.#start, this.#at));
      this.#start = this.#at;
    } else {
      this.#sealPart();
      socket.cork();
      for (const part of this.#parts) socket.write(part);
      socket.uncork();
      this.#parts = [];
    }
    this.#notifyRoom();
  }

  #notifyRoom(): void {
    if (!this.#wasFull || this.#socket.writableNeedDrain) return;
    this.#wasFull = false;
    this.#hasRoom();
  }

  #number(at: number, value: number): void {
    const slab = this.#slab;
    slab[at] = value >>> 24;
    slab[at + 1] = value >>> 16;
    slab[at + 2] = value >>> 8;
    slab[at + 3] = value;
  }

  /** Reserves this many bytes. Returns their position. */
  #reserve(length: number): number {
    if (!this.#isDue) {
      this.#isDue = true;
      if (due.push(this) === 1) setImmediate(flushAll);
    }
    if (this.#at + length > this.#slab.length) {
      this.#sealPart();
      this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, length));
      this.#start = 0;
      this.#at = 0;
    }
    const at = this.#at;
    this.#at += length;
    this.#waitingBytes += length;
    return at;
  }

  #sealPart(): void {
    if (this.#at > this.#start) this.#parts.push(this.#slab.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }
}
