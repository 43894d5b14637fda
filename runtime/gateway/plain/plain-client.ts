import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { Fault } from "../../base/fault.ts";
import { STATUS_CODES } from "../../base/node-http.ts";
import type { RequestHead } from "../../server/plain-http/request-head.ts";
import { faultAnswer } from "../proxy/answer.ts";
import type { BodyKind } from "../proxy/body.ts";
import type { Client } from "../proxy/client.ts";
import { requestHead } from "../proxy/headers.ts";
import type { PlainConnection } from "./plain-connection.ts";

/** Heads for pods, by the client's and the path that pods are to see: most requests bring one that was there before. */
const heads = new WeakMap<RequestHead, { readonly path: string; readonly text: string }>();

/** Status line and headers of an answer, without what its connection adds. */
interface AnswerHead {
  readonly status: number;
  readonly text: string;
  /** It says how long the body is, or there is none. */
  readonly isSized: boolean;
  readonly isDated: boolean;
}

/** By their headers: a list that comes again is not written anew. */
const answerHeads = new WeakMap<readonly string[], AnswerHead>();

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
  #begun: string | undefined;
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

  requestHead(path: string, kind: BodyKind, sizeBytes: number): string {
    const known = heads.get(this.#head);
    if (known?.path === path) return known.text;
    const { method, headers } = this.#head;
    const rawHeaders = Object.entries(headers).flatMap(([name, value]) =>
      typeof value === "string" ? [name, value] : [],
    );
    const text = requestHead({ method, headers, rawHeaders, path, kind, sizeBytes });
    heads.set(this.#head, { path, text });
    return text;
  }

  readWhole(whole: (body: Buffer) => void): void {
    if (this.leftBytes > 0) this.#whole = whole;
    else whole(this.#body ?? Buffer.alloc(0));
  }

  /** Some of its body has come, no more than is left of it. */
  receive(chunk: Buffer): void {
    this.leftBytes -= chunk.length;
    this.#body = this.#body === undefined ? chunk : Buffer.concat([this.#body, chunk]);
    if (this.leftBytes === 0) this.#whole?.(this.#body);
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
    const { text, isSized, isDated } = answerHead(status, headers);
    const date = isDated ? "" : `date: ${new Date(this.#connection.terms.clock.now()).toUTCString()}\r\n`;
    this.#isChunked = !isSized;
    const framing = isSized ? "" : "transfer-encoding: chunked\r\n";
    this.#begun = text + date + framing + this.#connectionLines();
  }

  write(chunk: Buffer): boolean {
    if (this.#isOver || chunk.length === 0) return true;
    const { socket } = this.#connection;
    const head = this.#takeHead();
    if (!this.#isChunked) return socket.write(head === "" ? chunk : joined(head, chunk));
    socket.cork();
    socket.write(`${head}${chunk.length.toString(16)}\r\n`, "latin1");
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
    const rest = this.#takeHead() + (this.#isChunked ? "0\r\n\r\n" : "");
    if (rest !== "") this.#connection.socket.write(rest, "latin1");
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

  #takeHead(): string {
    const head = this.#begun ?? "";
    this.#begun = undefined;
    return head;
  }

  #connectionLines(): string {
    const { terms } = this.#connection;
    this.#isLast = terms.isEnding() || this.leftBytes > 0;
    if (this.#isLast) return "connection: close\r\n\r\n";
    return `connection: keep-alive\r\nkeep-alive: timeout=${terms.keepAliveSeconds}\r\n\r\n`;
  }
}

function answerHead(status: number, headers: readonly string[]): AnswerHead {
  const known = answerHeads.get(headers);
  if (known?.status === status) return known;
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "unknown"}\r\n`;
  let [isSized, isDated] = [status === 204 || status === 304, false];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? "";
    if (name.length === 14 && name.toLowerCase() === "content-length") isSized = true;
    else if (name.length === 4 && name.toLowerCase() === "date") isDated = true;
    text += `${name}: ${headers[i + 1]}\r\n`;
  }
  const head = { status, text, isSized, isDated };
  answerHeads.set(headers, head);
  return head;
}

function joined(head: string, chunk: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(head.length + chunk.length);
  bytes.write(head, 0, "latin1");
  chunk.copy(bytes, head.length);
  return bytes;
}
