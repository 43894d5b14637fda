import type { Buffer } from "node:buffer";
import type { Http2Connection } from "../connection.ts";
import type { DecodedHeaders } from "../hpack/header-reader.ts";
import { type Calm, calm } from "./calm.ts";
import { checkSize, controlled } from "./control-frames.ts";
import { type Frame, FrameReader } from "./frame-reader.ts";
import { type HeaderBlock, HeaderBlockReader } from "./header-block-reader.ts";
import { answerMessage, type MessageHead, requestMessage, trailersMessage } from "./message-rules.ts";
import type { Http2Stream } from "../stream.ts";
import { ConnectionError, errorCodes, flags, frameTypes, maxWindowBytes, preface } from "../wire.ts";

/** Clients of gRPC measure a busy connection by pings: these they earn. */
const noise = { burst: 1000, perSecond: 100 };
/** Streams that this side reset lately: what their other side sent before it knew is no mistake. */
const maxReset = 256;

/** What comes on a connection: checks every frame, and tells the connection and its streams. */
export class ConnectionReader {
  readonly #connection: Http2Connection;
  readonly #reader: FrameReader;
  readonly #blocks: HeaderBlockReader;
  /** Frames that are of no use by themselves: pings, settings, empty DATA (CVE-2019-9512 to 9518). Bytes of bodies earn them. */
  readonly #noise: Calm;
  /** Streams that it resets, or makes this side reset (CVE-2023-44487, CVE-2025-8671). */
  readonly #resets: Calm;
  readonly #reset = new Set<number>();
  /** Bytes that the peer may send. */
  windowBytes: number;
  lastId = 0;
  #lastRequest: DecodedHeaders | undefined;
  #lastHead: MessageHead | undefined;
  #isGreeted = false;
  #wasHeard = false;

  constructor(connection: Http2Connection) {
    const { options, isServer } = connection;
    this.#connection = connection;
    this.#reader = new FrameReader(this, isServer ? preface : undefined);
    this.#blocks = new HeaderBlockReader(options.headers);
    this.#noise = calm(noise, options.clock);
    this.#resets = calm(options.resets, options.clock);
    this.windowBytes = options.connectionWindowBytes;
  }

  get isOver(): boolean {
    return this.#connection.isOver;
  }

  get isWithinHeaders(): boolean {
    return this.#blocks.openStream !== undefined;
  }

  wasHeard(): boolean {
    const was = this.#wasHeard;
    this.#wasHeard = false;
    return was;
  }

  /** Throws ConnectionError. */
  read(chunk: Buffer): void {
    this.#wasHeard = true;
    this.#reader.read(chunk);
  }

  resetBySelf(id: number): void {
    this.#reset.add(id);
    if (this.#reset.size <= maxReset) return;
    for (const oldest of this.#reset) {
      this.#reset.delete(oldest);
      return;
    }
  }

  frame(frame: Frame): void {
    const { type } = frame;
    if (!this.#isGreeted) this.#greeted(frame);
    if (this.#blocks.openStream !== undefined && type !== frameTypes.continuation) {
      throw wrong("a block of headers is interrupted");
    }
    switch (type) {
      case frameTypes.headers:
        this.#begun(frame);
        return;
      case frameTypes.continuation:
        this.#read(this.#blocks.goOn(frame));
        return;
      case frameTypes.data:
        this.#padded(frame);
        return;
      case frameTypes.resetStream:
        this.#resetByPeer(frame);
        return;
      case frameTypes.windowUpdate:
        this.#widened(frame);
        return;
      case frameTypes.pushPromise:
        throw wrong("a push was promised, which nobody may do here");
      default:
        this.#spend(this.#noise);
        controlled(frame, this.#connection);
    }
  }

  data(id: number, piece: Buffer, isEnd: boolean): void {
    if (this.#blocks.openStream !== undefined || !this.#isGreeted) throw wrong("DATA where there may be none");
    const stream = this.#taken(id, piece.length);
    if (stream === undefined) return;
    stream.receiveWindow -= piece.length;
    if (stream.receiveWindow < 0) {
      this.#refuse(stream, errorCodes.flowControlError, piece.length);
      return;
    }
    this.#noise.earn();
    if (!stream.received(piece)) this.#refuse(stream, errorCodes.protocolError, piece.length);
    else if (isEnd) this.#peerEnded(stream);
  }

  #greeted({ type, flags: flag }: Frame): void {
    if (type !== frameTypes.settings || (flag & flags.ack) !== 0) throw wrong("the first frame is no SETTINGS");
    this.#isGreeted = true;
  }

  /** DATA with padding, or without anything. */
  #padded({ flags: flag, stream: id, bytes, start, end }: Frame): void {
    const isPadded = (flag & flags.padded) !== 0;
    const from = isPadded ? start + 1 : start;
    const to = isPadded ? end - (bytes[start] ?? 0) : end;
    if (to < from) throw wrong("a DATA frame is shorter than its padding");
    const isEnd = (flag & flags.endStream) !== 0;
    if (!isEnd && to === from) this.#spend(this.#noise);
    const paddingBytes = end - start - (to - from);
    const stream = this.#taken(id, paddingBytes);
    if (stream === undefined) return;
    if (paddingBytes > 0) {
      stream.receiveWindow -= paddingBytes;
      this.#connection.consumed(stream, paddingBytes);
    }
    if (to > from) this.data(id, bytes.subarray(from, to), isEnd);
    else if (isEnd) this.#peerEnded(stream);
  }

  /** The stream that takes bytes of a body; undefined: nobody wants them. */
  #taken(id: number, sizeBytes: number): Http2Stream | undefined {
    this.windowBytes -= sizeBytes;
    if (this.windowBytes < 0) throw new ConnectionError(errorCodes.flowControlError, "more than the window was sent");
    const stream = this.#connection.streams.get(id);
    if (stream !== undefined && !stream.hasPeerEnded) return stream;
    this.#connection.consumed(undefined, sizeBytes);
    if (stream === undefined) this.#checkKnown(id);
    if (this.#reset.has(id)) return undefined;
    this.#spend(this.#resets);
    if (stream === undefined) this.#connection.sendReset(id, errorCodes.streamClosed);
    else stream.reset(errorCodes.streamClosed);
    return undefined;
  }

  #begun(frame: Frame): void {
    if (frame.stream === 0) throw wrong("HEADERS of no stream");
    this.#read(this.#blocks.begin(frame));
  }

  #read(block: HeaderBlock | undefined): void {
    if (block === undefined) return;
    const known = this.#connection.streams.get(block.stream);
    if (known !== undefined) this.#continued(known, block);
    else if (this.#connection.isServer) this.#requested(block);
    else this.#checkKnown(block.stream);
  }

  #requested(block: HeaderBlock): void {
    const { stream: id, headers, isLast } = block;
    const { isClosing, streams, options } = this.#connection;
    if (id % 2 === 0) throw wrong(`a client opens stream ${id}`);
    if (id <= this.lastId) {
      if (this.#reset.has(id)) return;
      throw new ConnectionError(errorCodes.streamClosed, `HEADERS of stream ${id}, which is closed`);
    }
    if (isClosing) return;
    this.lastId = id;
    const refused = refusalOf(block, streams.size >= options.maxStreams);
    const head = refused === undefined ? this.#requestHead(headers) : undefined;
    if (head === undefined) {
      this.#spend(this.#resets);
      this.#connection.sendReset(id, refused ?? errorCodes.protocolError);
      return;
    }
    this.#noise.earn();
    const stream = this.#connection.opened(id);
    stream.expectedBytes = head.contentBytes ?? -1;
    options.onRequest?.(stream, headers.list, isLast);
    if (isLast) this.#peerEnded(stream);
  }

  /** Clients ask most often as they did before. */
  #requestHead(headers: DecodedHeaders): MessageHead | undefined {
    if (headers !== this.#lastRequest) {
      this.#lastRequest = headers;
      this.#lastHead = requestMessage(headers.list);
    }
    return this.#lastHead;
  }

  /** Headers of an answer, or trailers. */
  #continued(stream: Http2Stream, block: HeaderBlock): void {
    const { headers, isLast } = block;
    const { list } = headers;
    if (stream.hasPeerEnded) {
      this.#refuse(stream, errorCodes.streamClosed, 0);
      return;
    }
    const isAnswer = !this.#connection.isServer && list[0] === ":status";
    const refused = refusalOf(block, false) ?? (isSoundMessage(block, isAnswer) ? undefined : errorCodes.protocolError);
    if (refused !== undefined) {
      this.#refuse(stream, refused, 0);
      return;
    }
    this.#noise.earn();
    const isInformation = isAnswer && (list[1] ?? "").startsWith("1");
    if (!isInformation) stream.owner?.headersCame(list, isLast);
    if (isLast) this.#peerEnded(stream);
  }

  #resetByPeer(frame: Frame): void {
    const { stream: id, bytes, start } = frame;
    checkSize(frame, 4);
    const stream = this.#connection.streams.get(id);
    if (stream === undefined) this.#checkKnown(id);
    // That it is not wanted whole after its answer is the usual end of a request.
    if (this.#connection.isServer) this.#spend(this.#resets);
    stream?.close(bytes.readUInt32BE(start));
  }

  #widened(frame: Frame): void {
    const { stream: id, bytes, start } = frame;
    checkSize(frame, 4);
    const increment = bytes.readUInt32BE(start) & maxWindowBytes;
    if (id === 0) {
      if (increment === 0) throw wrong("a window is widened by nothing");
      this.#connection.writer.widen(increment);
      return;
    }
    const stream = this.#connection.streams.get(id);
    if (stream === undefined) {
      this.#checkKnown(id);
      return;
    }
    if (increment === 0) this.#refuse(stream, errorCodes.protocolError, 0);
    else if (stream.sendWindow + increment > maxWindowBytes) this.#refuse(stream, errorCodes.flowControlError, 0);
    else this.#connection.writer.widenStream(stream, increment);
  }

  /** A stream that was never opened takes nothing. */
  #checkKnown(id: number): void {
    const { isServer, isClosing } = this.#connection;
    const isKnown = isServer ? id <= this.lastId || isClosing : id < this.#connection.nextId;
    if (id === 0 || id % 2 === 0 || !isKnown) throw wrong(`stream ${id} was never opened`);
  }

  /** A body that is shorter than its headers told is malformed. */
  #peerEnded(stream: Http2Stream): void {
    if (!stream.isClosed && !stream.peerEnded()) this.#refuse(stream, errorCodes.protocolError, 0);
  }

  #refuse(stream: Http2Stream, code: number, unheardBytes: number): void {
    this.#spend(this.#resets);
    if (unheardBytes > 0) this.#connection.consumed(undefined, unheardBytes);
    stream.reset(code);
  }

  #spend(kind: Calm): void {
    if (!kind.spend()) throw new ConnectionError(errorCodes.enhanceYourCalm, "it does too much that is of no use");
  }
}

/** Answers to HEAD, and of status 304, tell a length and have no body: only requests are held to theirs. */
function isSoundMessage({ headers: { list }, isLast }: HeaderBlock, isAnswer: boolean): boolean {
  return isAnswer ? answerMessage(list) !== undefined : isLast && trailersMessage(list) !== undefined;
}

function refusalOf({ headers, isOwnParent }: HeaderBlock, isFull: boolean): number | undefined {
  if (headers.isTooLarge) return errorCodes.enhanceYourCalm;
  if (!headers.isSound || isOwnParent) return errorCodes.protocolError;
  return isFull ? errorCodes.refusedStream : undefined;
}

function wrong(message: string): ConnectionError {
  return new ConnectionError(errorCodes.protocolError, message);
}
