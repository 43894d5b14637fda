import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { HeaderWriter, type HeaderList } from "../hpack/header-writer.ts";
import { smallSet } from "../small-set.ts";
import { FrameWriter } from "./frame-writer.ts";
import {
  ConnectionError,
  defaultWindowBytes,
  errorCodes,
  flags,
  frameTypes,
  maxFrameBytes,
  maxWindowBytes,
} from "../wire.ts";

/** A stream with data to send. */
export interface SendingStream {
  readonly id: number;
  /** Bytes that may be sent on it. */
  sendWindow: number;
  /** Bytes sent since the watchdog's last check. */
  progress: number;
  /** Continues after a window or the socket was full. */
  unblock(): void;
}

/** The sending side of a connection: writes frames within the peer's flow-control windows. */
export class ConnectionWriter {
  readonly #frames: FrameWriter;
  readonly #encoder = new HeaderWriter();
  readonly #blocked = smallSet<SendingStream>();
  #windowBytes = defaultWindowBytes;

  constructor(socket: Socket) {
    this.#frames = new FrameWriter(socket, () => this.resumeBlocked());
  }

  /** Bytes that the peer has not read. */
  get unreadBytes(): number {
    return this.#frames.unreadBytes;
  }

  /** Sends buffered frames now, not at the end of the turn. */
  flush(): void {
    this.#frames.flush();
  }

  /** Writes bytes that precede the first frame. */
  writePreface(bytes: Buffer): void {
    this.#frames.copy(bytes, 0, bytes.length);
  }

  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    this.#frames.head(frameTypes.settings, 0, 0, 6 * settings.length);
    for (const [id, value] of settings) this.#frames.setting(id, value);
  }

  ackSettings(): void {
    this.#frames.head(frameTypes.settings, flags.ack, 0, 0);
  }

  ping(number: number): void {
    this.#frames.head(frameTypes.ping, 0, 0, 8);
    this.#frames.uint32(0);
    this.#frames.uint32(number);
  }

  /** Answers a ping with its payload. */
  pong(bytes: Buffer, start: number, end: number): void {
    this.#frames.head(frameTypes.ping, flags.ack, 0, 8);
    this.#frames.copy(bytes, start, end);
  }

  goaway(last: number, code: number): void {
    this.#frames.head(frameTypes.goaway, 0, 0, 8);
    this.#frames.uint32(last);
    this.#frames.uint32(code);
  }

  reset(id: number, code: number): void {
    this.#frames.head(frameTypes.resetStream, 0, id, 4);
    this.#frames.uint32(code);
  }

  /** Lets the peer send this many more bytes. `id` 0: on the connection as a whole. */
  windowUpdate(id: number, bytes: number): void {
    this.#frames.head(frameTypes.windowUpdate, 0, id, 4);
    this.#frames.uint32(bytes);
  }

  headers(id: number, list: HeaderList, isLast: boolean): void {
    const length = this.#encoder.encode(list);
    const { block } = this.#encoder;
    const endStream = isLast ? flags.endStream : 0;
    for (let at = 0; at === 0 || at < length; at += maxFrameBytes) {
      const end = Math.min(length, at + maxFrameBytes);
      const flag = (at === 0 ? endStream : 0) | (end === length ? flags.endHeaders : 0);
      this.#frames.head(at === 0 ? frameTypes.headers : frameTypes.continuation, flag, id, end - at);
      this.#frames.copy(block, at, end);
    }
  }

  /** Sends as much as the windows and the socket allow. Returns the number of bytes. */
  data(stream: SendingStream, bytes: Buffer, isLast: boolean): number {
    const frames = this.#frames;
    const { length } = bytes;
    if (length === 0 && isLast) frames.head(frameTypes.data, flags.endStream, stream.id, 0);
    let at = 0;
    while (at < length && !frames.isFull) {
      const size = Math.min(length - at, maxFrameBytes, stream.sendWindow, this.#windowBytes);
      if (size <= 0) break;
      const end = at + size;
      frames.head(frameTypes.data, isLast && end === length ? flags.endStream : 0, stream.id, size);
      frames.bytes(bytes, at, end);
      stream.sendWindow -= size;
      this.#windowBytes -= size;
      at = end;
    }
    stream.progress += at;
    return at;
  }

  /** Registers a stream that waits for a window or the socket. */
  addBlocked(stream: SendingStream): void {
    this.#blocked.add(stream);
  }

  /** Removes a stream that waits no more. */
  removeBlocked(stream: SendingStream): void {
    this.#blocked.delete(stream);
  }

  /** Processes a WINDOW_UPDATE of a stream. */
  increaseStreamWindow(stream: SendingStream, bytes: number): void {
    stream.sendWindow += bytes;
    if (this.#blocked.delete(stream)) stream.unblock();
  }

  /** Processes a WINDOW_UPDATE of the connection. Throws ConnectionError when the window becomes too large. */
  increaseWindow(bytes: number): void {
    this.#windowBytes += bytes;
    if (this.#windowBytes > maxWindowBytes) throw windowOverflow();
    this.resumeBlocked();
  }

  /** Sets the size of the peer's header table in bytes. */
  limitTable(bytes: number): void {
    this.#encoder.limitTable(bytes);
  }

  /**
   * Lets blocked streams send, each as much as there is room for now. A peer that grows the window byte by byte wakes one stream
   * with each update (CVE-2019-9511): the others keep their order.
   */
  resumeBlocked(): void {
    for (const stream of this.#blocked.all()) {
      if (this.#windowBytes <= 0) return;
      this.#blocked.delete(stream);
      stream.unblock();
    }
  }
}

/** The error for a window that became too large. */
export function windowOverflow(): ConnectionError {
  return new ConnectionError(errorCodes.flowControlError, "a window is larger than 2^31 - 1");
}
