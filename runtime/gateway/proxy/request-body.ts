import { Buffer } from "node:buffer";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { type BodyKind, repeatableBytes } from "./body.ts";
import type { Client } from "./client.ts";

interface RequestBodyOptions {
  readonly client: Client;
  readonly limitBytes: number;
  /** Told when more has come than is allowed. */
  readonly tooLarge: (sizeBytes: number) => void;
}

/**
 * A client's body on its way to pods. A small one is sent whole, and as often as it takes, however it came; of one that is not
 * announced that is known when it has ended, or when too much of it has come.
 */
export class RequestBody {
  readonly #options: RequestBodyOptions;
  /** How it is sent. */
  kind: BodyKind;
  /** All of it, where it is sent whole. */
  whole: Buffer | undefined;
  /** Some of it went to a pod and is not there any more. */
  isStreaming = false;
  /** Came, and went nowhere yet. */
  #pieces: Buffer[] = [];
  #cameBytes = 0;
  #isEnded = false;
  #isLong = false;
  #isReleased = false;
  #connection: UpstreamConnection | undefined;

  constructor(options: RequestBodyOptions) {
    this.#options = options;
    this.kind = options.client.bodyKind;
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
    if (this.isStreaming || this.kind === "none" || this.kind === "kept") return;
    this.isStreaming = true;
    this.#connection = connection;
    for (const piece of this.#pieces.splice(0)) this.#write(piece);
    if (!this.#isLong) this.#read(() => {});
    else if (this.#isEnded) this.#finish();
    else this.#options.client.resume();
  }

  /** The pod takes more. */
  drained(): void {
    if (this.isStreaming) this.#options.client.resume();
  }

  /** Nobody wants the rest of it. */
  release(): void {
    this.#isReleased = true;
    this.#connection = undefined;
    this.#pieces = [];
  }

  #read(ready: () => void): void {
    const { client, limitBytes, tooLarge } = this.#options;
    const part = (chunk: Buffer): void => {
      if (this.#isReleased) return;
      this.#cameBytes += chunk.length;
      if (this.#cameBytes > limitBytes) {
        tooLarge(this.#cameBytes);
        return;
      }
      if (this.isStreaming) {
        this.#write(chunk);
        return;
      }
      this.#pieces.push(chunk);
      if (this.#isLong || this.#cameBytes <= repeatableBytes) return;
      this.#isLong = true;
      client.pause();
      ready();
    };
    client.readParts(part, () => {
      this.#isEnded = true;
      if (this.isStreaming) this.#finish();
      else if (!this.#isLong && !this.#isReleased) {
        this.kind = "kept";
        this.whole = Buffer.concat(this.#pieces.splice(0));
        ready();
      }
    });
  }

  #write(chunk: Buffer): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const isChunked = this.kind === "chunked";
    if (isChunked) connection.write(`${chunk.length.toString(16)}\r\n`);
    const takesMore = connection.write(chunk);
    if (isChunked) connection.write("\r\n");
    if (!takesMore) this.#options.client.pause();
  }

  #finish(): void {
    if (this.kind === "chunked") this.#connection?.write("0\r\n\r\n");
    this.#connection?.sent();
  }
}
