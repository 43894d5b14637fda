import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { ConnectionState, LaneConnection, LaneTerms } from "../../server/plain-http/connection-lane.ts";
import { shareReads } from "../../server/plain-http/shared-reads.ts";
import type { RequestHead } from "../../server/plain-http/request-head.ts";
import { type KeptRoom, KeptShare } from "../passage/kept-room.ts";
import { repeatableBytes } from "../proxy/body.ts";
import type { Client } from "../proxy/client.ts";
import type { answerHeads } from "./answer-heads.ts";
import { MessageHeadReader } from "./message-head-reader.ts";
import { PlainClient } from "./plain-client.ts";

/** What all plain connections of a gateway share. */
export interface PlainTerms extends LaneTerms<PlainConnection> {
  /** Called with each request. */
  readonly take: (client: Client) => void;
  readonly answerHead: ReturnType<typeof answerHeads>;
  /** While true, answers say that they end their connection. */
  readonly isEnding: () => boolean;
  /** For what comes before its turn. */
  readonly room: KeptRoom;
}

/** The body of a request is part of its answering. */
export type PlainState = Exclude<ConnectionState, "body">;

/** A longer head is not plain. */
const maxHeadBytes = 8 * 1024;
/** Requests that come before earlier ones are answered wait in memory up to this size, then in the socket. */
const maxAheadBytes = 64 * 1024;
/** A refused client may go on sending for this long, so that it reads its answer. */
const lingerMs = 2_000;

/** A connection with one plain request after the other. Holds the socket until it passes it on. */
export class PlainConnection implements LaneConnection {
  state: PlainState = "fresh";
  /** The tick of the last change of state. */
  since: number;
  readonly socket: Socket;
  readonly terms: PlainTerms;
  readonly #onData = (chunk: Buffer): void => this.#take(chunk);
  readonly #onEnd = (): void => this.#end();
  readonly #onError = (): void => void this.socket.destroy();
  readonly #onDrain = (): void => this.#drained();
  readonly #onClose = (): void => this.#closed();
  readonly #heads = new MessageHeadReader<RequestHead>(maxHeadBytes);
  /** What has come behind the request that is being answered. */
  #ahead: Buffer | undefined;
  #share: KeptShare | undefined;
  #client: PlainClient | undefined;

  constructor(socket: Socket, terms: PlainTerms) {
    this.socket = socket;
    this.terms = terms;
    this.since = terms.tick();
    shareReads(socket, (bytes) => this.#takeRead(bytes));
    socket.on("data", this.#onData).on("end", this.#onEnd).on("drain", this.#onDrain);
    socket.on("error", this.#onError).on("close", this.#onClose);
  }

  /** Ends it once it is idle, which may be now. */
  close(): void {
    if (this.state === "fresh" || this.state === "idle") this.socket.destroy();
  }

  /** Ends it now; `text` is the last that it is told. */
  cut(text?: string): void {
    if (text !== undefined) this.socket.write(text, "latin1");
    this.socket.destroy();
  }

  /** An answer is complete: what comes next may begin. */
  answered(isLast: boolean): void {
    this.#client = undefined;
    if (isLast) this.#leave();
    else if (this.socket.writableNeedDrain) this.#move("flushing");
    else this.#goOn();
  }

  /** A refusal was written before its request had come: the rest is dropped for a while. */
  linger(): void {
    this.#client = undefined;
    this.#move("lingering");
    this.terms.clock.after(lingerMs, () => this.socket.destroy());
  }

  /** False: whoever has the socket now wants no more at the moment. */
  #takeRead(bytes: Buffer): boolean {
    if (this.state === "gone") return this.socket.push(Buffer.from(bytes));
    this.#take(bytes);
    return true;
  }

  /** The bytes are there until this returns: what is kept of them is copied. */
  #take(chunk: Buffer): void {
    switch (this.state) {
      case "fresh":
      case "idle":
        this.#read(chunk);
        return;
      case "answering":
        this.#collect(chunk, 0);
        return;
      case "flushing":
        this.#keep(chunk);
        return;
      case "lingering":
      case "gone":
    }
  }

  /** The begin of a request. */
  #read(bytes: Buffer): void {
    const head = this.#heads.of(bytes, this.terms.readHead);
    if (head === undefined || head.contentBytes > repeatableBytes) {
      this.#passOn(Buffer.from(bytes));
      return;
    }
    this.#move("answering");
    const client = new PlainClient(head, this);
    this.#client = client;
    this.#collect(bytes, this.#heads.sizeBytes);
    this.terms.take(client);
  }

  /** What comes while a request is being answered: its body, then what is behind it. */
  #collect(bytes: Buffer, start: number): void {
    const end = this.#client?.receive(bytes, start) ?? start;
    if (end < bytes.length) this.#keep(bytes.subarray(end));
  }

  #keep(chunk: Buffer): void {
    if (this.state === "lingering") return;
    this.#share ??= new KeptShare(this.terms.room);
    if (!this.#share.takeShort(chunk.length)) {
      this.socket.destroy();
      return;
    }
    this.#ahead = this.#ahead === undefined ? Buffer.from(chunk) : Buffer.concat([this.#ahead, chunk]);
    if (this.#ahead.length > maxAheadBytes) this.socket.pause();
  }

  #goOn(): void {
    this.#move("idle");
    if (this.#ahead === undefined) return;
    if (this.socket.isPaused()) this.socket.resume();
    // Not from within the answer to the one before: a thousand requests in one packet are no thousand frames of the stack.
    queueMicrotask(() => {
      const ahead = this.#ahead;
      if (this.state !== "idle" || ahead === undefined) return;
      this.#ahead = undefined;
      this.#share?.release();
      this.#read(ahead);
    });
  }

  #drained(): void {
    if (this.state === "flushing") this.#goOn();
    else this.#client?.drained();
  }

  #passOn(bytes: Buffer): void {
    const { socket } = this;
    socket.off("data", this.#onData).off("end", this.#onEnd).off("drain", this.#onDrain);
    socket.off("error", this.#onError).off("close", this.#onClose);
    this.#move("gone");
    this.terms.passOn(this, socket, bytes);
  }

  /** The client sends no more, and has left as far as anybody can tell. */
  #end(): void {
    this.socket.end();
  }

  #leave(): void {
    this.#move("lingering");
    this.socket.destroySoon();
  }

  #closed(): void {
    this.#move("gone");
    this.#share?.release();
    this.terms.closed(this);
    const client = this.#client;
    this.#client = undefined;
    client?.gone();
  }

  #move(state: PlainState): void {
    this.state = state;
    this.since = this.terms.tick();
  }
}
