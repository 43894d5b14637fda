import { Buffer } from "node:buffer";
import type { HeaderList } from "./hpack/header-writer.ts";
import type { ConnectionWriter, Speaker } from "./writing/connection-writer.ts";
import { errorCodes } from "./wire.ts";

/** Bytes that come in more pieces than this are put together: each piece holds on to what was read with it. */
const maxPieces = 64;

/** Who a stream's events belong to. */
export interface StreamOwner {
  /** Headers of an answer, or trailers. `isLast`: nothing follows. */
  headersCame(list: HeaderList, isLast: boolean): void;
  data(chunk: Buffer): void;
  /** The peer has said everything. */
  ended(): void;
  /** There is room for more, after `write` said that there was not. */
  drained(): void;
  /** There is no memory for what came while it was paused: nothing more of it is told, and it is to be given up. Absent: it is reset. */
  crowded?(): void;
  /** It is over. `code`: a side gave it up; undefined: both have said everything. */
  closed(code: number | undefined): void;
}

/** Memory for what waits unread, shared by many connections. */
export interface UnreadRoom {
  /** False: there is none. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
}

/** What a stream needs of its connection. */
export interface StreamLink {
  readonly isServer: boolean;
  readonly writer: ConnectionWriter;
  readonly options: {
    /** Absent: only windows bound what waits. */
    readonly unread?: UnreadRoom;
  };
  sendReset(id: number, code: number): void;
  /** Its owner has taken so many bytes. */
  consumed(stream: Http2Stream, bytes: number): void;
  closed(stream: Http2Stream): void;
}

/** One request and its answer, seen from one side. */
export class Http2Stream implements Speaker {
  readonly id: number;
  readonly #link: StreamLink;
  owner: StreamOwner | undefined;
  /** Bytes that the peer takes. */
  sendWindow: number;
  /** Bytes that the peer may still send, and those that it has not been told of. */
  receiveWindow: number;
  untoldBytes = 0;
  /** Bytes that are to come, where headers told; negative: unknown. */
  expectedBytes = -1;
  #queue: Buffer[] = [];
  /** What follows the queue. */
  #ending: "data" | HeaderList | undefined;
  #isEnded = false;
  #hasPeerEnded = false;
  /** Its owner knows that the peer has said everything. */
  #wasTold = false;
  #isClosed = false;
  #isPaused = false;
  #kept: Buffer[] = [];
  /** Bytes that came while there was no room for them are lost. */
  #isCrowded = false;
  /** Bytes sent since somebody looked. */
  progress = 0;

  constructor(id: number, link: StreamLink, windows: { readonly send: number; readonly receive: number }) {
    this.id = id;
    this.#link = link;
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** This side has said everything, or is about to. */
  get hasEnded(): boolean {
    return this.#isEnded || this.#ending !== undefined;
  }

  get hasPeerEnded(): boolean {
    return this.#hasPeerEnded;
  }

  /** Everything was said and does not go out. */
  get isStuck(): boolean {
    return this.#ending !== undefined && !this.#isEnded;
  }

  /** Sends headers, before all else. */
  headers(list: HeaderList, isLast = false): void {
    if (this.#isClosed || this.hasEnded) return;
    this.#link.writer.headers(this.id, list, isLast);
    if (isLast) this.#end();
  }

  /** False: it has to wait; `drained` tells when there is room again. */
  write(bytes: Buffer): boolean {
    if (this.#isClosed || this.hasEnded) return true;
    if (this.#queue.length > 0) {
      this.#queue.push(bytes);
      return false;
    }
    const sent = this.#link.writer.data(this, bytes, false);
    if (sent === bytes.length) return true;
    this.#queue.push(sent === 0 ? bytes : bytes.subarray(sent));
    this.#link.writer.blocked(this);
    return false;
  }

  /** Says that no more follows, after these bytes. */
  end(bytes?: Buffer): void {
    if (this.#isClosed || this.hasEnded) return;
    this.#ending = "data";
    if (bytes !== undefined && bytes.length > 0) {
      const sent = this.#queue.length > 0 ? 0 : this.#link.writer.data(this, bytes, true);
      if (sent === bytes.length) {
        this.#end();
        return;
      }
      this.#queue.push(sent === 0 ? bytes : bytes.subarray(sent));
    }
    this.pump();
  }

  /** Says that no more follows but these trailers. */
  endWith(trailers: HeaderList): void {
    if (this.#isClosed || this.hasEnded) return;
    this.#ending = trailers;
    this.pump();
  }

  /** Gives it up. */
  reset(code: number): void {
    if (this.#isClosed) return;
    this.#link.sendReset(this.id, code);
    this.close(code);
  }

  /** What comes is kept, and the peer not told of room for more. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    while (!this.#isPaused && this.#kept.length > 0) {
      const chunk = this.#kept.shift();
      if (chunk === undefined) break;
      this.#link.options.unread?.giveBack(chunk.length);
      this.#hand(chunk);
    }
    this.#tellEnd();
  }

  /** Sends what waits, as far as there is room. False: it waits on. */
  pump(): boolean {
    if (this.#isClosed) return true;
    while (this.#queue.length > 0) {
      const [bytes] = this.#queue;
      if (bytes === undefined) break;
      const isLast = this.#ending === "data" && this.#queue.length === 1;
      const sent = this.#link.writer.data(this, bytes, isLast);
      if (sent < bytes.length) {
        if (sent > 0) this.#queue[0] = bytes.subarray(sent);
        this.#link.writer.blocked(this);
        return false;
      }
      this.#queue.shift();
      if (isLast) {
        this.#end();
        return true;
      }
    }
    this.#finish();
    return true;
  }

  /** A pump after waiting: the owner hears when nothing waits any more. */
  unblock(): void {
    if (this.pump() && !this.hasEnded && !this.#isClosed) this.owner?.drained();
  }

  /** Bytes of its body have come. False: more than its headers told. */
  received(chunk: Buffer): boolean {
    if (this.expectedBytes >= 0) {
      this.expectedBytes -= chunk.length;
      if (this.expectedBytes < 0) return false;
    }
    if (this.#isCrowded) this.#link.consumed(this, chunk.length);
    else if (this.#isPaused) this.#keep(chunk);
    else this.#hand(chunk);
    return true;
  }

  /** The peer has said everything. False: its body was shorter than its headers told. */
  peerEnded(): boolean {
    if (this.expectedBytes > 0) return false;
    this.#hasPeerEnded = true;
    this.#tellEnd();
    return true;
  }

  /** It is over. */
  close(code: number | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drop();
    this.#queue = [];
    this.#link.closed(this);
    this.owner?.closed(code);
  }

  #keep(chunk: Buffer): void {
    if (this.#link.options.unread?.take(chunk.length) === false) {
      this.#isCrowded = true;
      this.#drop();
      this.#link.consumed(this, chunk.length);
      if (this.owner?.crowded === undefined) this.reset(errorCodes.enhanceYourCalm);
      else this.owner.crowded();
      return;
    }
    this.#kept.push(chunk);
    if (this.#kept.length > maxPieces) this.#kept = [Buffer.concat(this.#kept)];
  }

  #drop(): void {
    for (const { length } of this.#kept) {
      this.#link.options.unread?.giveBack(length);
      this.#link.consumed(this, length);
    }
    this.#kept = [];
  }

  #hand(chunk: Buffer): void {
    this.#link.consumed(this, chunk.length);
    this.owner?.data(chunk);
  }

  #tellEnd(): void {
    const isDue = this.#hasPeerEnded && !this.#wasTold && !this.#isPaused && this.#kept.length === 0;
    if (!isDue || this.#isClosed || this.#isCrowded) return;
    this.#wasTold = true;
    this.owner?.ended();
    this.#closeIfOver();
  }

  #finish(): void {
    const ending = this.#ending;
    if (ending === undefined || this.#isEnded) return;
    if (ending === "data") this.#link.writer.data(this, nothing, true);
    else this.#link.writer.headers(this.id, ending, true);
    this.#end();
  }

  #end(): void {
    this.#isEnded = true;
    // The rest of a request that has its answer is not wanted (RFC 9113 §8.1).
    if (this.#link.isServer && !this.#hasPeerEnded) this.reset(errorCodes.noError);
    else this.#closeIfOver();
  }

  /** What is left of an answer is still wanted, and of a request that was answered not. */
  #closeIfOver(): void {
    const isHeard = this.#link.isServer ? this.#hasPeerEnded : this.#wasTold;
    if (this.#isEnded && isHeard) this.close(undefined);
  }
}

const nothing = Buffer.alloc(0);
