import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { Fault } from "../../base/fault.ts";
import type { RequestHead } from "../../server/plain-http/request-head.ts";
import { faultAnswer } from "../proxy/answer.ts";
import type { BodyKind } from "../proxy/body.ts";
import type { Client } from "../proxy/client.ts";
import { requestHead } from "../proxy/headers.ts";
import type { PlainConnection } from "./plain-connection.ts";

/** Heads for pods, by the client's and the path that pods are to see: most requests bring one that was there before. */
const heads = new WeakMap<RequestHead, { readonly path: string; readonly bytes: Buffer }>();

const lastChunk = Buffer.from("0\r\n\r\n");

/** One request of a plain connection. */
export class PlainClient implements Client {
  readonly #head: RequestHead;
  readonly #connection: PlainConnection;
  /** Bytes of its body that have not come yet. */
  leftBytes: number;
  #body: Buffer | undefined;
  #whole: ((body: Buffer) => void) | undefined;
  #gone: (() => void) | undefined;
  #drained: (() => void) | undefined;
  /** Head of the answer until the first bytes go with it. */
  #begun: Buffer | undefined;
  #isChunked = false;
  /** Its client was told that the connection ends with the answer. */
  #isLast = false;
  hasAnswer = false;
  #isOver = false;

  constructor(head: RequestHead, connection: PlainConnection) {
    this.#head = head;
    this.#connection = connection;
    this.leftBytes = head.contentBytes;
  }

  get method(): string {
    return this.#head.method;
  }

  get path(): string {
    return this.#head.target;
  }

  get headers(): IncomingHttpHeaders {
    return this.#head.headers;
  }

  get bodyKind(): BodyKind {
    return this.#head.contentBytes === 0 ? "none" : "kept";
  }

  get sizeBytes(): number {
    return this.#head.contentBytes;
  }

  get localPort(): number | undefined {
    return this.#connection.socket.localPort;
  }

  requestHead(path: string, kind: BodyKind, sizeBytes: number): Buffer {
    const known = heads.get(this.#head);
    if (known?.path === path) return known.bytes;
    const { method, headers } = this.#head;
    const rawHeaders = Object.entries(headers).flatMap(([name, value]) =>
      typeof value === "string" ? [name, value] : [],
    );
    const bytes = requestHead({ method, headers, rawHeaders, path, kind, sizeBytes });
    heads.set(this.#head, { path, bytes });
    return bytes;
  }

  readWhole(whole: (body: Buffer) => void): void {
    if (this.leftBytes > 0) this.#whole = whole;
    else whole(this.#body ?? Buffer.alloc(0));
  }

  /** Copies what has come of its body. Returns where that ends in these bytes. */
  receive(bytes: Buffer, start: number): number {
    if (this.leftBytes === 0) return start;
    const { contentBytes } = this.#head;
    const end = Math.min(bytes.length, start + this.leftBytes);
    this.#body ??= Buffer.allocUnsafe(contentBytes);
    bytes.copy(this.#body, contentBytes - this.leftBytes, start, end);
    this.leftBytes -= end - start;
    if (this.leftBytes === 0) this.#whole?.(this.#body);
    return end;
  }

  /** A plain body is kept, never streamed. */
  readParts(): void {}

  pause(): void {}

  resume(): void {}

  whenGone(gone: () => void): void {
    this.#gone = gone;
  }

  /** Its connection has closed. */
  gone(): void {
    this.#isOver = true;
    this.#gone?.();
  }

  begin(status: number, headers: readonly string[]): void {
    this.hasAnswer = true;
    const { terms } = this.#connection;
    this.#isLast = terms.isEnding() || this.leftBytes > 0;
    const { bytes, isChunked } = terms.answerHead(status, headers, this.#isLast);
    this.#begun = bytes;
    this.#isChunked = isChunked;
  }

  write(chunk: Buffer): boolean {
    if (this.#isOver || chunk.length === 0) return true;
    const { socket } = this.#connection;
    const head = this.#begun;
    this.#begun = undefined;
    if (!this.#isChunked) return socket.write(head === undefined ? chunk : Buffer.concat([head, chunk]));
    socket.cork();
    if (head !== undefined) socket.write(head);
    socket.write(`${chunk.length.toString(16)}\r\n`, "latin1");
    socket.write(chunk);
    const takesMore = socket.write("\r\n", "latin1");
    socket.uncork();
    return takesMore;
  }

  whenDrained(drained: () => void): void {
    this.#drained = drained;
  }

  /** Its connection takes more. */
  drained(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  end(chunk: Buffer | undefined): void {
    if (this.#isOver) return;
    if (chunk !== undefined) this.write(chunk);
    const { socket } = this.#connection;
    const head = this.#begun;
    this.#begun = undefined;
    if (head !== undefined) socket.write(this.#isChunked ? Buffer.concat([head, lastChunk]) : head);
    else if (this.#isChunked) socket.write(lastChunk);
    this.#isOver = true;
    if (this.leftBytes > 0) this.#connection.linger();
    else this.#connection.answered(this.#isLast || this.#connection.terms.isClosing());
  }

  refuse(fault: Fault): number {
    if (this.#isOver) return 0;
    if (this.hasAnswer) {
      this.#isOver = true;
      this.#connection.cut();
      return 0;
    }
    const { status, headers, body } = faultAnswer(fault);
    this.begin(status, headers);
    this.end(body);
    return status;
  }
}
