import type { Socket } from "node:net";
import type { Fault } from "../../base/fault.ts";
import type { ProtocolResponse } from "../../protocols/protocol.ts";
import { type BodyParts, bodyParts } from "../body-parts.ts";
import type { BodyLimits } from "../request-body.ts";
import type { AnswerBytes } from "./answer-bytes.ts";
import type { ConnectionState, LaneConnection, LaneTerms } from "./connection-lane.ts";
import type { RequestHead } from "./request-head.ts";
import { shareReads } from "./shared-reads.ts";

/** What answers the requests of plain connections. */
export interface PlainAnswerer {
  /** The answer to a request before its body is looked at, when nothing in it can change that: the body is dropped then. */
  readonly beforehand: (head: RequestHead) => ProtocolResponse | undefined;
  /** Calls back once, at once or later. */
  readonly answer: (request: PlainRequest, reply: (answer: ProtocolResponse) => void) => void;
  /** The answer to a request whose body could not be read. */
  readonly refusal: (head: RequestHead, fault: Fault) => ProtocolResponse;
  /** A request was answered as one of these two say. */
  readonly answered: (head: RequestHead, answer: ProtocolResponse) => void;
  /** While true, answers end their connection. */
  readonly isDraining: () => boolean;
}

/** A request whose body is whole. */
export interface PlainRequest {
  readonly head: RequestHead;
  readonly body: Buffer;
  /** Aborted once the client has left. */
  readonly client: { readonly aborted: boolean };
}

/** What all plain connections of a server share. */
export interface PlainTerms extends LaneTerms<PlainConnection> {
  readonly answerer: PlainAnswerer;
  readonly write: (answer: ProtocolResponse, isLast: boolean) => AnswerBytes;
  readonly body: BodyLimits;
}

interface Incoming {
  readonly head: RequestHead;
  readonly parts: BodyParts;
  /** The answer when it is known beforehand. */
  readonly answer: ProtocolResponse | undefined;
}

/** A head that has been read, and the bytes that it stood in, with the empty line behind it. */
interface ReadHead {
  readonly head: RequestHead;
  readonly text: Buffer;
}

const nothing = Buffer.alloc(0);
const headEnd = Buffer.from("\r\n\r\n");
/** A longer head is not plain. */
const maxHeadBytes = 8 * 1024;
/** Of each connection the last head is kept when it is no longer than this. */
const maxKeptBytes = 1024;
/** Requests that come before earlier ones are answered wait in memory up to this size, then in the socket. */
const maxAheadBytes = 64 * 1024;
/** How long the rest of a refused body is dropped. */
const lingerMs = 1_000;

/** A connection with one plain request after the other. Holds the socket until it passes it on. */
export class PlainConnection implements LaneConnection {
  state: ConnectionState = "fresh";
  /** The tick of the last change of state. */
  since: number;
  readonly #socket: Socket;
  readonly #terms: PlainTerms;
  readonly #onData = (bytes: Buffer): void => this.#take(bytes);
  readonly #onEnd = (): void => this.#leave();
  readonly #onError = (): void => void this.#socket.destroy();
  readonly #onClose = (): void => this.#end();
  /** The last head: most clients send the same again and again. */
  #last: ReadHead | undefined;
  /** What has come behind the request that is being answered. */
  #ahead: Buffer | undefined;
  #incoming: Incoming | undefined;
  #client = { aborted: false };
  #isClosing = false;

  constructor(socket: Socket, terms: PlainTerms) {
    this.#socket = socket;
    this.#terms = terms;
    this.since = terms.tick();
    shareReads(socket, (bytes) => this.#takeRead(bytes));
    socket.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onError).on("close", this.#onClose);
  }

  /** Ends it once it is idle, which may be now. */
  close(): void {
    this.#isClosing = true;
    if (this.state === "fresh" || this.state === "idle") this.#socket.destroy();
  }

  /** Ends it now; `text` is the last that it is told. */
  cut(text?: string): void {
    if (text !== undefined) this.#socket.write(text, "latin1");
    this.#socket.destroy();
  }

  /** False: whoever has the socket now wants no more at the moment. */
  #takeRead(bytes: Buffer): boolean {
    if (this.state === "gone") return this.#socket.push(Buffer.from(bytes));
    this.#take(bytes);
    return true;
  }

  /** The bytes are there until this returns: what is kept of them is copied. */
  #take(bytes: Buffer): void {
    switch (this.state) {
      case "fresh":
      case "idle":
        this.#read(bytes);
        return;
      case "body":
        this.#collect(bytes);
        return;
      case "answering":
      case "flushing":
        this.#ahead = this.#ahead === undefined ? Buffer.from(bytes) : Buffer.concat([this.#ahead, bytes]);
        if (this.#ahead.length > maxAheadBytes) this.#socket.pause();
        return;
      case "lingering":
      case "gone":
    }
  }

  /** The begin of a request. */
  #read(bytes: Buffer): void {
    const read = this.#headOf(bytes);
    if (read === undefined || read.head.contentBytes > this.#terms.body.maxBytes) {
      this.#passOn(Buffer.from(bytes));
      return;
    }
    const { head, text } = read;
    const answer = this.#terms.answerer.beforehand(head);
    const start = text.length;
    const stop = start + head.contentBytes;
    if (stop > bytes.length) {
      this.#begin(head, answer, bytes.subarray(start));
      return;
    }
    if (stop < bytes.length) this.#ahead = Buffer.from(bytes.subarray(stop));
    if (answer === undefined) this.#ask(head, stop === start ? nothing : Buffer.from(bytes.subarray(start, stop)));
    else this.#answerKnown(head, answer);
  }

  #headOf(bytes: Buffer): ReadHead | undefined {
    const last = this.#last;
    if (last !== undefined && last.text.length <= bytes.length && last.text.compare(bytes, 0, last.text.length) === 0)
      return last;
    const end = bytes.indexOf(headEnd);
    if (end < 0 || end > maxHeadBytes) return undefined;
    const head = this.#terms.readHead(bytes.toString("latin1", 0, end + 2));
    if (head === undefined) return undefined;
    const text = bytes.subarray(0, end + headEnd.length);
    if (text.length > maxKeptBytes) return { text, head };
    this.#last = { text: Buffer.allocUnsafeSlow(text.length), head };
    this.#last.text.set(text);
    return this.#last;
  }

  #begin(head: RequestHead, answer: ProtocolResponse | undefined, first: Buffer): void {
    this.#move("body");
    const parts =
      answer === undefined
        ? bodyParts(this.#terms.body, this.#terms.clock, {
            refuse: (fault) => this.#refuse(head, fault),
            announcedBytes: head.contentBytes,
          })
        : droppedParts();
    this.#incoming = { head, parts, answer };
    this.#collect(first);
  }

  #collect(bytes: Buffer): void {
    const incoming = this.#incoming;
    if (incoming === undefined) return;
    const { head, parts, answer } = incoming;
    const left = head.contentBytes - parts.receivedBytes();
    parts.take(bytes.length > left ? bytes.subarray(0, left) : bytes);
    if (this.#incoming !== incoming || bytes.length < left) return;
    this.#incoming = undefined;
    if (bytes.length > left) this.#ahead = Buffer.from(bytes.subarray(left));
    const body = parts.end();
    if (answer === undefined) this.#ask(head, body);
    else this.#answerKnown(head, answer);
  }

  #ask(head: RequestHead, body: Buffer): void {
    this.#move("answering");
    this.#terms.answerer.answer({ head, body, client: this.#client }, (answer) => this.#reply(answer));
  }

  #answerKnown(head: RequestHead, answer: ProtocolResponse): void {
    this.#move("answering");
    this.#terms.answerer.answered(head, answer);
    this.#reply(answer);
  }

  #reply(answer: ProtocolResponse): void {
    if (this.state !== "answering") return;
    const socket = this.#socket;
    const isLast = this.#isClosing || this.#terms.answerer.isDraining();
    const hasRoom = this.#send(answer, isLast);
    if (isLast) {
      socket.end();
      return;
    }
    if (hasRoom) {
      this.#goOn();
      return;
    }
    // Nothing more is answered than the client reads.
    this.#move("flushing");
    socket.once("drain", () => this.#goOn());
  }

  #send(answer: ProtocolResponse, isLast: boolean): boolean {
    const bytes = this.#terms.write(answer, isLast);
    const socket = this.#socket;
    if (typeof bytes === "string") return socket.write(bytes, "latin1");
    const [only] = bytes;
    if (bytes.length === 1 && only !== undefined) return socket.write(only);
    socket.cork();
    for (const piece of bytes) socket.write(piece);
    socket.uncork();
    return !socket.writableNeedDrain;
  }

  #goOn(): void {
    this.#move("idle");
    const ahead = this.#ahead;
    if (ahead === undefined) return;
    this.#ahead = undefined;
    if (this.#socket.isPaused()) this.#socket.resume();
    // Not from within the answer to the one before: a thousand requests in one packet are no thousand frames of the stack.
    queueMicrotask(() => {
      if (this.state === "idle") this.#read(ahead);
    });
  }

  #refuse(head: RequestHead, fault: Fault): void {
    const { answerer, clock } = this.#terms;
    this.#incoming = undefined;
    const answer = answerer.refusal(head, fault);
    answerer.answered(head, answer);
    this.#send(answer, true);
    this.#move("lingering");
    clock.after(lingerMs, () => this.#socket.end());
  }

  #passOn(bytes: Buffer): void {
    const socket = this.#socket;
    socket.off("data", this.#onData).off("end", this.#onEnd).off("error", this.#onError).off("close", this.#onClose);
    this.#move("gone");
    this.#terms.passOn(this, socket, bytes);
  }

  /** The client sends no more, and has left as far as anybody can tell. */
  #leave(): void {
    this.#client.aborted = true;
    this.#socket.end();
  }

  #end(): void {
    this.#client.aborted = true;
    this.#incoming?.parts.end();
    this.#incoming = undefined;
    this.#move("gone");
    this.#terms.closed(this);
  }

  #move(state: ConnectionState): void {
    this.state = state;
    this.since = this.#terms.tick();
  }
}

/** Counts what it drops. */
function droppedParts(): BodyParts {
  let receivedBytes = 0;
  return {
    receivedBytes: () => receivedBytes,
    take: ({ length }) => {
      receivedBytes += length;
    },
    end: () => Buffer.alloc(0),
  };
}
