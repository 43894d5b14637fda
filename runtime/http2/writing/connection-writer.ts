import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { HeaderWriter, type HeaderList } from "../hpack/header-writer.ts";
import { passingSet } from "../passing-set.ts";
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

/** A stream that has something to say. */
export interface Speaker {
  readonly id: number;
  /** Bytes that the peer takes of it. */
  sendWindow: number;
  /** Bytes sent since somebody looked. */
  progress: number;
  /** Goes on after there was no room. */
  unblock(): void;
}

/** What one side of a connection says: frames, within the windows that the other side opens. */
export class ConnectionWriter {
  readonly #frames: FrameWriter;
  readonly #encoder = new HeaderWriter();
  readonly #blocked = passingSet<Speaker>();
  #windowBytes = defaultWindowBytes;

  constructor(socket: Socket) {
    this.#frames = new FrameWriter(socket, () => this.goOn());
  }

  /** Bytes that the peer has not taken. */
  get unreadBytes(): number {
    return this.#frames.unreadBytes;
  }

  /** Sends what was said in this turn now, not at its end. */
  flush(): void {
    this.#frames.flush();
  }

  /** Bytes that stand before the first frame. */
  beginning(bytes: Buffer): void {
    this.#frames.copy(bytes, 0, bytes.length);
  }

  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    this.#frames.head(frameTypes.settings, 0, 0, 6 * settings.length);
    for (const [id, value] of settings) this.#frames.setting(id, value);
  }

  confirmSettings(): void {
    this.#frames.head(frameTypes.settings, flags.ack, 0, 0);
  }

  ping(number: number): void {
    this.#frames.head(frameTypes.ping, 0, 0, 8);
    this.#frames.uint32(0);
    this.#frames.uint32(number);
  }

  /** Answers a ping, whose payload this is. */
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

  /** Lets the peer send so many bytes more. `id` 0: on all streams together. */
  tellWindow(id: number, bytes: number): void {
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

  /** Sends what windows and socket allow. Returns how many bytes. */
  data(stream: Speaker, bytes: Buffer, isLast: boolean): number {
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

  /** It waits for room. */
  blocked(stream: Speaker): void {
    this.#blocked.add(stream);
  }

  /** It waits no more. */
  forget(stream: Speaker): void {
    this.#blocked.delete(stream);
  }

  /** The peer takes so many more bytes of one stream. */
  widenStream(stream: Speaker, bytes: number): void {
    stream.sendWindow += bytes;
    if (this.#blocked.delete(stream)) stream.unblock();
  }

  /** The peer takes so many more bytes. Throws ConnectionError when that is more than can be. */
  widen(bytes: number): void {
    this.#windowBytes += bytes;
    if (this.#windowBytes > maxWindowBytes) throw windowOverflow();
    this.goOn();
  }

  /** Table that the peer keeps for headers, in bytes. */
  limitTable(bytes: number): void {
    this.#encoder.limitTable(bytes);
  }

  /**
   * Lets streams go on that waited, each for as much as there is room now. Who widens the window byte by byte wakes one stream with
   * each (CVE-2019-9511): the others stay in line.
   */
  goOn(): void {
    for (const stream of this.#blocked.all()) {
      if (this.#windowBytes <= 0) return;
      this.#blocked.delete(stream);
      stream.unblock();
    }
  }
}

/** A window is wider than can be. */
export function windowOverflow(): ConnectionError {
  return new ConnectionError(errorCodes.flowControlError, "a window is wider than 2^31 - 1");
}
