import type { Buffer } from "node:buffer";
import { type BufferBudget, BufferReservation } from "../forwarding/buffer-budget.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { type BodyKind, retryableBytes } from "./body.ts";
import type { Client } from "./client.ts";
import { ChunkList } from "./chunk-list.ts";

interface RequestBodyOptions {
  readonly client: Client;
  readonly limitBytes: number;
  readonly bufferBudget: BufferBudget;
  /** Called when more bytes arrive than the limit allows. */
  readonly tooLarge: (sizeBytes: number) => void;
  /** Called when the buffer budget is used up. */
  readonly tooMany: () => void;
}

/**
 * A client's request body on its way to pods. A small body is buffered and sent whole, as many times as needed, however it
 * arrives; without a declared length it counts as small if it ends within the limit. A larger body is streamed, and buffered
 * while the budget allows until the response begins: until then the request can be retried on another pod.
 */
export class RequestBody {
  readonly #options: RequestBodyOptions;
  readonly #reservation: BufferReservation;
  /** How it is sent. */
  kind: BodyKind;
  /** The whole body if it is sent in one piece. */
  whole: Buffer | undefined;
  /** All bytes received, from the first one on, unless they are no longer buffered. */
  readonly #chunks = new ChunkList();
  #isBuffered = true;
  #receivedBytes = 0;
  #isReading = false;
  #isEnded = false;
  #isLong = false;
  #isReleased = false;
  #connection: UpstreamConnection | undefined;

  constructor(options: RequestBodyOptions) {
    this.#options = options;
    this.#reservation = new BufferReservation(options.bufferBudget);
    this.kind = options.client.bodyKind;
  }

  /** The body can be sent to another pod. */
  get isRetryable(): boolean {
    return this.#isBuffered;
  }

  /** Reserves memory for the declared size. False: too little is left. */
  reserve(): boolean {
    return this.kind !== "buffered" || this.#reservation.reserveShort(this.#options.client.sizeBytes);
  }

  /** Calls back when the request can be sent, now or later. */
  whenReady(ready: () => void): void {
    const { client } = this.#options;
    if (this.whole !== undefined || this.kind === "none" || this.kind === "sized" || this.#isLong) {
      ready();
    } else if (this.kind === "buffered") {
      client.readWhole((body) => {
        this.whole = body;
        ready();
      });
    } else this.#read(ready);
  }

  /** Streams a body that is not sent whole, at the pod's pace. */
  stream(connection: UpstreamConnection): void {
    if (this.kind === "none" || this.kind === "buffered") return;
    const { client } = this.#options;
    this.#connection = connection;
    if (!this.#isReading) {
      if (!this.#reservation.reserveLong(client.sizeBytes)) this.stopBuffering();
      this.#read(() => {});
      return;
    }
    let takesMore = true;
    for (const chunk of this.#chunks.list) takesMore = this.#write(connection, chunk);
    if (this.#isEnded) this.#finish();
    else if (takesMore) client.resume();
  }

  /** The attempt failed: what arrives is buffered for the next one. */
  detach(): void {
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    if (!this.#isEnded) this.#options.client.pause();
  }

  /** The pod accepts more. */
  drained(): void {
    if (this.#connection !== undefined) this.#options.client.resume();
  }

  /** Stops buffering: the body can go to no other pod. */
  stopBuffering(): void {
    this.#isBuffered = false;
    this.#chunks.release();
    this.#reservation.release();
  }

  /** Drops the body: the rest of it is not needed. */
  release(): void {
    this.#isReleased = true;
    this.#connection = undefined;
    this.stopBuffering();
  }

  #read(ready: () => void): void {
    this.#isReading = true;
    const { client, limitBytes, tooLarge } = this.#options;
    const part = (chunk: Buffer): void => {
      if (this.#isReleased) return;
      this.#receivedBytes += chunk.length;
      if (this.#receivedBytes > limitBytes) {
        tooLarge(this.#receivedBytes);
        return;
      }
      if (this.#isBuffered) this.#buffer(chunk);
      if (this.#connection !== undefined) {
        if (!this.#write(this.#connection, chunk)) client.pause();
        return;
      }
      if (this.kind === "sized" || this.#isLong || this.#receivedBytes <= retryableBytes) return;
      this.#isLong = true;
      client.pause();
      ready();
    };
    client.readParts(part, () => {
      this.#isEnded = true;
      if (this.#connection !== undefined) this.#finish();
      else if (this.kind === "chunked" && !this.#isLong && !this.#isReleased) {
        this.kind = "buffered";
        this.whole = this.#chunks.whole();
        this.#chunks.release();
        ready();
      }
    });
  }

  /** Buffers a chunk while the budget allows; without a pod in any case, since then reading is paused. */
  #buffer(chunk: Buffer): void {
    this.#chunks.add(chunk);
    // The declared size was reserved before.
    const isLong = this.kind === "sized" || this.#receivedBytes > retryableBytes;
    if (!isLong && !this.#reservation.reserveShort(chunk.length)) this.#options.tooMany();
    const hasRoom = !isLong || this.#reservation.reserveLong(this.kind === "sized" ? 0 : chunk.length);
    if (!hasRoom && this.#connection !== undefined) this.stopBuffering();
  }

  /** False: the pod accepts no more for now. */
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
