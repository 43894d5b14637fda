import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { ConnectionReader } from "./reading/connection-reader.ts";
import type { CalmTerms } from "./reading/calm.ts";
import type { HeaderLimits } from "./hpack/header-reader.ts";
import type { HeaderList } from "./hpack/header-writer.ts";
import { endInGoodOrder } from "./socket-end.ts";
import { watchOver } from "./liveness.ts";
import { openStreams } from "./open-streams.ts";
import type { PeerSettings } from "./reading/peer-settings.ts";
import { ConnectionWriter, windowOverflow } from "./writing/connection-writer.ts";
import { Http2Stream, type StreamLink, type StreamOwner, type UnreadRoom } from "./stream.ts";
import {
  ConnectionError,
  defaultWindowBytes,
  errorCodes,
  lastStreamId,
  maxWindowBytes,
  preface,
  settingIds,
} from "./wire.ts";

/** What one connection may cost. */
interface ConnectionTerms {
  readonly headers: HeaderLimits;
  /** Requests of a client at a time. */
  readonly maxStreams: number;
  /** Bytes of one message that may wait unread, and of all messages. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Streams that the peer may reset, or make this side reset. */
  readonly resets: CalmTerms;
  /** For what waits unread on this connection and others. Absent: only windows bound it. */
  readonly unread?: UnreadRoom;
  /** A client without requests is sent away after this. */
  readonly idleMs: number;
  readonly clock: Clock;
}

/** A side of a connection: its socket, and what it does with requests. */
export interface ConnectionOptions extends ConnectionTerms {
  readonly socket: Socket;
  /** Has each request of a client, and is to set its stream's owner. Absent: this side is the client. */
  readonly onRequest?: (stream: Http2Stream, headers: HeaderList, isLast: boolean) => void;
  readonly onClose?: () => void;
}

/** Streams that a server takes before it has told. */
const assumedStreams = 100;
/** Requests that cross a GOAWAY on the wire are still taken for this long, should the client not answer the ping after it. */
const crossingMs = 1_000;
/** A peer that leaves so much unread and sends on is hostile. */
const maxUnreadBytes = 4 * 1024 * 1024;

/** One connection of HTTP/2 (RFC 9113), of either side. Holds the socket. */
export class Http2Connection implements StreamLink {
  readonly socket: Socket;
  readonly options: ConnectionOptions;
  readonly isServer: boolean;
  readonly streams = openStreams();
  /** The peer takes so many requests at a time. */
  maxStreams = assumedStreams;
  /** It was open once: what is refused then, is refused on purpose. */
  hasConnected: boolean;
  /** The peer asked to go elsewhere. */
  isPeerLeaving = false;
  /** Why it ended, where anybody knows. */
  cause: Error | undefined;
  readonly writer: ConnectionWriter;
  readonly #reader: ConnectionReader;
  readonly #pings = new Map<number, () => void>();
  #pingCount = 0;
  #nextId = 1;
  #peerWindowBytes = defaultWindowBytes;
  #untoldBytes = 0;
  /** No new streams. */
  #isClosing = false;
  #isAsked = false;
  #isEnded = false;

  constructor(options: ConnectionOptions) {
    const { socket } = options;
    this.options = options;
    this.socket = socket;
    this.isServer = options.onRequest !== undefined;
    this.hasConnected = !socket.connecting;
    this.writer = new ConnectionWriter(socket);
    this.#reader = new ConnectionReader(this);
    socket.on("data", (chunk: Buffer) => this.read(chunk));
    // A peer that ends its side has left: nothing says that it still reads.
    socket.once("end", () => socket.destroySoon());
    socket.once("connect", () => (this.hasConnected = true));
    socket.on("error", (error) => (this.cause ??= error));
    socket.once("close", () => this.#closed());
    this.#greet();
    watchOver(this, options);
  }

  /** No more frames are taken. */
  get isOver(): boolean {
    return this.#isEnded || this.socket.destroyed;
  }

  /** It ends, or has ended: it takes no new streams. */
  get isClosing(): boolean {
    return this.#isClosing || this.isOver;
  }

  /** One more request can be sent on it. */
  get hasRoom(): boolean {
    return !this.isClosing && !this.isPeerLeaving && this.streams.size < this.maxStreams && this.#nextId < lastStreamId;
  }

  /** What the next request is to be called. */
  get nextId(): number {
    return this.#nextId;
  }

  /** The last request that was taken. */
  get lastId(): number {
    return this.#reader.lastId;
  }

  /** A header block has begun and not come whole. */
  get isWithinHeaders(): boolean {
    return this.#reader.isWithinHeaders;
  }

  /** Bytes have come since this was asked last. */
  wasHeard(): boolean {
    return this.#reader.wasHeard();
  }

  /** Takes bytes that came: those of the socket, and those that somebody else has read from it. */
  read(chunk: Buffer): void {
    if (this.isOver) return;
    try {
      this.#reader.read(chunk);
      if (this.writer.unreadBytes > maxUnreadBytes) {
        throw new ConnectionError(errorCodes.enhanceYourCalm, "it does not read what it is told");
      }
    } catch (thrown) {
      if (!(thrown instanceof ConnectionError)) throw thrown;
      this.fail(thrown);
    }
  }

  /** A new request, whose answer goes to the owner. Throws when the connection has ended or takes no more. */
  request(headers: HeaderList, owner: StreamOwner): Http2Stream {
    if (this.isClosing || this.#nextId > lastStreamId) throw this.cause ?? new Error("its connection has ended");
    const stream = this.opened(this.#nextId);
    this.#nextId += 2;
    stream.owner = owner;
    stream.headers(headers);
    return stream;
  }

  /** A stream that begins with this. */
  opened(id: number): Http2Stream {
    const windows = { send: this.#peerWindowBytes, receive: this.options.streamWindowBytes };
    const stream = new Http2Stream(id, this, windows);
    this.streams.add(stream);
    return stream;
  }

  /** Calls back when the peer has answered, which tells that it has read everything before. */
  ping(answered: () => void): void {
    this.#pingCount += 1;
    this.#pings.set(this.#pingCount, answered);
    this.writer.ping(this.#pingCount);
  }

  pinged(number: number): void {
    const answered = this.#pings.get(number);
    this.#pings.delete(number);
    answered?.();
  }

  /** Asks a client to connect elsewhere, takes requests that cross this on the wire, and ends when all are answered. */
  leave(): void {
    if (this.isClosing || this.#isAsked) return;
    this.#isAsked = true;
    this.writer.goaway(lastStreamId, errorCodes.noError);
    const end = (): void => {
      cancel();
      this.close();
    };
    const cancel = this.options.clock.after(crossingMs, end);
    this.ping(end);
  }

  /** Takes no new streams, and ends when those that are open have ended. */
  close(): void {
    if (this.isClosing) return;
    this.#isClosing = true;
    this.writer.goaway(this.lastId, errorCodes.noError);
    if (this.streams.size === 0) this.#end();
  }

  /** Ends it now. */
  destroy(cause?: Error): void {
    this.cause ??= cause;
    this.socket.destroy();
  }

  /** Ends it for what the peer did. */
  fail(error: ConnectionError): void {
    if (this.isOver) return;
    this.cause ??= error;
    this.writer.goaway(this.lastId, error.code);
    this.#end();
    this.#closeStreams(error.code);
  }

  /** The peer has told what it takes. Throws ConnectionError. */
  settle({ headerTableBytes, maxConcurrentStreams, initialWindowBytes }: PeerSettings): void {
    const { writer } = this;
    if (headerTableBytes !== undefined) writer.limitTable(headerTableBytes);
    if (maxConcurrentStreams !== undefined) this.maxStreams = maxConcurrentStreams;
    if (initialWindowBytes !== undefined) {
      const change = initialWindowBytes - this.#peerWindowBytes;
      this.#peerWindowBytes = initialWindowBytes;
      for (const stream of this.streams.all()) {
        stream.sendWindow += change;
        if (stream.sendWindow > maxWindowBytes) throw windowOverflow();
      }
    }
    writer.confirmSettings();
    writer.goOn();
  }

  /** The peer asks to go elsewhere; requests after `last` it has not looked at. */
  left(last: number): void {
    this.isPeerLeaving = true;
    if (this.isServer) {
      this.close();
      return;
    }
    for (const stream of this.streams.all()) if (stream.id > last) stream.close(errorCodes.refusedStream);
    this.close();
  }

  sendReset(id: number, code: number): void {
    this.#reader.resetBySelf(id);
    this.writer.reset(id, code);
  }

  consumed(stream: Http2Stream | undefined, bytes: number): void {
    const { connectionWindowBytes, streamWindowBytes } = this.options;
    this.#untoldBytes += bytes;
    if (this.#untoldBytes >= connectionWindowBytes / 2) {
      this.writer.tellWindow(0, this.#untoldBytes);
      this.#reader.windowBytes += this.#untoldBytes;
      this.#untoldBytes = 0;
    }
    if (stream === undefined || stream.hasPeerEnded || stream.isClosed) return;
    stream.untoldBytes += bytes;
    if (stream.untoldBytes < streamWindowBytes / 2) return;
    this.writer.tellWindow(stream.id, stream.untoldBytes);
    stream.receiveWindow += stream.untoldBytes;
    stream.untoldBytes = 0;
  }

  closed(stream: Http2Stream): void {
    this.streams.delete(stream.id);
    this.writer.forget(stream);
    if (this.#isClosing && this.streams.size === 0) this.#end();
  }

  #greet(): void {
    const { headers, maxStreams, streamWindowBytes, connectionWindowBytes } = this.options;
    const { writer } = this;
    if (!this.isServer) writer.beginning(preface);
    writer.settings([
      this.isServer ? [settingIds.maxConcurrentStreams, maxStreams] : [settingIds.enablePush, 0],
      [settingIds.initialWindowBytes, streamWindowBytes],
      [settingIds.maxHeaderListBytes, headers.listBytes],
    ]);
    writer.tellWindow(0, connectionWindowBytes - defaultWindowBytes);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { socket } = this;
    this.writer.flush();
    endInGoodOrder(socket, this.options.clock);
  }

  #closed(): void {
    this.#isEnded = true;
    this.#closeStreams(errorCodes.cancel);
    this.options.onClose?.();
  }

  #closeStreams(code: number): void {
    for (const stream of this.streams.all()) stream.close(code);
  }
}
