import type { Buffer } from "node:buffer";
import { type KeptRoom, KeptShare } from "../passage/kept-room.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { type BodyKind, repeatableBytes } from "./body.ts";
import type { Client } from "./client.ts";
import { Pieces } from "./pieces.ts";

interface RequestBodyOptions {
  readonly client: Client;
  readonly limitBytes: number;
  readonly room: KeptRoom;
  /** Told when more has come than is allowed. */
  readonly tooLarge: (sizeBytes: number) => void;
  /** Told when there is no room for what has come. */
  readonly tooMany: () => void;
}

/**
 * A client's body on its way to pods. A small one is sent whole, and as often as it takes, however it came; of one that is not
 * announced that is known when it has ended, or when too much of it has come. A larger one is sent as it comes, and kept as
 * far as there is room for it, until its answer is there: so long it can go to another pod as well.
 */
export class RequestBody {
  readonly #options: RequestBodyOptions;
  readonly #share: KeptShare;
  /** How it is sent. */
  kind: BodyKind;
  /** All of it, where it is sent whole. */
  whole: Buffer | undefined;
  /** All that came, from the first byte on, unless it is kept no more. */
  readonly #pieces = new Pieces();
  #isKept = true;
  #cameBytes = 0;
  #isReading = false;
  #isEnded = false;
  #isLong = false;
  #isReleased = false;
  #connection: UpstreamConnection | undefined;

  constructor(options: RequestBodyOptions) {
    this.#options = options;
    this.#share = new KeptShare(options.room);
    this.kind = options.client.bodyKind;
  }

  /** It can go to another pod. */
  get isRepeatable(): boolean {
    return this.#isKept;
  }

  /** False: there is no room for what it announces. */
  enter(): boolean {
    return this.kind !== "kept" || this.#share.takeShort(this.#options.client.sizeBytes);
  }

  /** Calls back when it can be sent, now or later. */
  whenReady(ready: () => void): void {
    const { client } = this.#options;
    if (this.whole !== undefined || this.kind === "none" || this.kind === "sized" || this.#isLong) {
      ready();
    } else if (this.kind === "kept") {
      client.readWhole((body) => {
        this.whole = body;
        ready();
      });
    } else this.#read(ready);
  }

  /** Sends a pod what is not sent whole, at its pace. */
  stream(connection: UpstreamConnection): void {
    if (this.kind === "none" || this.kind === "kept") return;
    const { client } = this.#options;
    this.#connection = connection;
    if (!this.#isReading) {
      if (!this.#share.take(client.sizeBytes)) this.forget();
      this.#read(() => {});
      return;
    }
    let takesMore = true;
    for (const piece of this.#pieces.list) takesMore = this.#write(connection, piece);
    if (this.#isEnded) this.#finish();
    else if (takesMore) client.resume();
  }

  /** The pod has failed: what comes waits for another one. */
  detach(): void {
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    if (!this.#isEnded) this.#options.client.pause();
  }

  /** The pod takes more. */
  drained(): void {
    if (this.#connection !== undefined) this.#options.client.resume();
  }

  /** It goes to no other pod any more. */
  forget(): void {
    this.#isKept = false;
    this.#pieces.release();
    this.#share.release();
  }

  /** Nobody wants the rest of it. */
  release(): void {
    this.#isReleased = true;
    this.#connection = undefined;
    this.forget();
  }

  #read(ready: () => void): void {
    this.#isReading = true;
    const { client, limitBytes, tooLarge } = this.#options;
    const part = (chunk: Buffer): void => {
      if (this.#isReleased) return;
      this.#cameBytes += chunk.length;
      if (this.#cameBytes > limitBytes) {
        tooLarge(this.#cameBytes);
        return;
      }
      if (this.#isKept) this.#keep(chunk);
      if (this.#connection !== undefined) {
        if (!this.#write(this.#connection, chunk)) client.pause();
        return;
      }
      if (this.kind === "sized" || this.#isLong || this.#cameBytes <= repeatableBytes) return;
      this.#isLong = true;
      client.pause();
      ready();
    };
    client.readParts(part, () => {
      this.#isEnded = true;
      if (this.#connection !== undefined) this.#finish();
      else if (this.kind === "chunked" && !this.#isLong && !this.#isReleased) {
        this.kind = "kept";
        this.whole = this.#pieces.whole();
        this.#pieces.release();
        ready();
      }
    });
  }

  /** Keeps a piece, as long as there is room; while no pod has it, in any case: then no more comes. */
  #keep(chunk: Buffer): void {
    this.#pieces.add(chunk);
    // Of a sized one room was taken for all that comes.
    const isLong = this.kind === "sized" || this.#cameBytes > repeatableBytes;
    if (!isLong && !this.#share.takeShort(chunk.length)) this.#options.tooMany();
    const hasRoom = !isLong || this.#share.take(this.kind === "sized" ? 0 : chunk.length);
    if (!hasRoom && this.#connection !== undefined) this.forget();
  }

  /** False: it takes no more for now. */
  #write(connection: UpstreamConnection, chunk: Buffer): boolean {
    const isChunked = this.kind === "chunked";
    if (isChunked) connection.write(`${chunk.length.toString(16)}\r\n`);
    const takesMore = connection.write(chunk);
    if (isChunked) connection.write("\r\n");
    return takesMore;
  }

  #finish(): void {
    if (this.kind === "chunked") this.#connection?.write("0\r\n\r\n");
    this.#connection?.sent();
  }
}
