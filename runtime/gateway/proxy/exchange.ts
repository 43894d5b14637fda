import type { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Fault } from "../../base/fault.ts";
import { faults } from "../faults.ts";
import type { Copies } from "../mirror/copies.ts";
import type { Copy } from "../mirror/copy.ts";
import { Passage, type PassageParts, type Traveller } from "../passage/passage.ts";
import type { Target } from "../routing/choice.ts";
import type { Receiver, UpstreamConnection } from "../upstream/connection.ts";
import type { Connections } from "../upstream/connections.ts";
import type { ResponseHead } from "../upstream/response-head.ts";
import type { Asked } from "./asked.ts";
import { announcedBytes, type BodyKind, bodyKind, readWhole } from "./body.ts";
import { requestBytes, requestHead, responseHeaders } from "./headers.ts";

/** What every exchange through this gateway shares. */
export interface ExchangeParts extends PassageParts {
  readonly connections: Connections;
  readonly copies: Copies;
  /** Answers a request that no pod answers; returns the status told. */
  readonly refuse: (request: IncomingMessage, response: ServerResponse, fault: Fault) => number;
}

/** One request over HTTP/1.1, or over what looks like it, on its way to a pod and back: a passage's traveller. */
export class Exchange implements Traveller, Receiver {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #asked: Asked;
  readonly #parts: ExchangeParts;
  readonly #passage: Passage;
  readonly #sizeBytes: number;
  readonly #kind: BodyKind;
  /** Once it is complete. */
  #body: Buffer | undefined;
  #isStreaming = false;
  #streamedBytes = 0;
  #target: Target | undefined;
  #connection: UpstreamConnection | undefined;
  #isCopied = false;
  #copy: Copy | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, asked: Asked, parts: ExchangeParts) {
    this.#request = request;
    this.#response = response;
    this.#asked = asked;
    this.#parts = parts;
    this.#sizeBytes = announcedBytes(request);
    this.#kind = bodyKind(request, this.#sizeBytes);
    const { live, wish } = asked;
    const { timeoutMs } = live.route;
    this.#passage = new Passage({ live, wish, sizeBytes: this.#sizeBytes, timeoutMs }, this, parts);
  }

  start(): void {
    this.#response.once("close", () => this.#closed());
    this.#request.on("error", ignored);
    const limitBytes = this.#asked.live.route.bodyBytes;
    if (this.#sizeBytes > limitBytes)
      this.#passage.refuse(faults.BodyTooLarge({ sizeBytes: this.#sizeBytes, limitBytes }));
    else this.#passage.start();
  }

  go(): void {
    if (this.#kind !== "kept" || this.#body !== undefined) {
      this.#send();
      return;
    }
    readWhole(this.#request, (body) => {
      this.#body = body;
      if (!this.#passage.isOver) this.#send();
    });
  }

  stop(fault: Fault): number {
    this.#giveUp();
    this.#copy?.clientEnd(false);
    return this.#parts.refuse(this.#request, this.#response, fault);
  }

  onReady(): void {
    if (this.#kind === "sized" || this.#kind === "chunked") this.#stream();
  }

  onHead(head: ResponseHead): void {
    const { status, headers } = head;
    const target = this.#target;
    if (target === undefined) return;
    if ((status === 503 || status === 502) && target.pod.isLeaving && !this.#isStreaming) {
      this.#giveUp();
      this.#fail(new Error("it is terminating"), false);
      return;
    }
    this.#copy?.clientHead(head);
    const isHttp2 = this.#request.httpVersionMajor === 2;
    this.#response.writeHead(status, responseHeaders(headers, target.revision.hash, isHttp2));
  }

  onData(chunk: Buffer): boolean {
    this.#copy?.clientChunk(chunk);
    if (this.#response.write(chunk)) return true;
    this.#response.once("drain", () => this.#connection?.resume());
    return false;
  }

  onEnd(chunk: Buffer | undefined): void {
    this.#connection = undefined;
    if (chunk === undefined) this.#response.end();
    else {
      this.#copy?.clientChunk(chunk);
      this.#response.end(chunk);
    }
    this.#copy?.clientEnd(true);
    this.#passage.answered(this.#response.statusCode);
  }

  onDrain(): void {
    if (this.#isStreaming) this.#request.resume();
  }

  onFailed(cause: Error, isUnreached: boolean): void {
    this.#connection = undefined;
    this.#fail(cause, isUnreached);
  }

  #send(): void {
    const target = this.#passage.target();
    if (target === undefined) return;
    this.#target = target;
    try {
      const { path } = this.#asked;
      const kind = this.#kind;
      const sizeBytes = this.#body?.length ?? this.#sizeBytes;
      const bytes = requestBytes(requestHead(this.#request, { path, kind, sizeBytes }), this.#body);
      const isWhole = kind === "none" || kind === "kept";
      this.#connection = this.#parts.connections.connection(target.pod, isWhole);
      this.#connection.send(bytes, { isWhole, isHead: this.#request.method === "HEAD" }, this);
      if (kind === "kept" && !this.#isCopied) this.#mirror(target, bytes);
    } catch (thrown) {
      this.#passage.refuse(Fault.from(thrown));
    }
  }

  /** A request that names its revision means no other. */
  #mirror({ revision }: Target, bytes: Buffer): void {
    this.#isCopied = true;
    const { live, wish } = this.#asked;
    if (wish.revision === undefined) this.#copy = this.#parts.copies.copied(live, revision, bytes);
  }

  /** Passes the body on as it comes, at the pod's pace. */
  #stream(): void {
    if (this.#isStreaming) return;
    this.#isStreaming = true;
    const isChunked = this.#kind === "chunked";
    const limitBytes = this.#asked.live.route.bodyBytes;
    this.#request.on("data", (chunk: Buffer) => {
      this.#streamedBytes += chunk.length;
      const connection = this.#connection;
      if (connection === undefined) return;
      if (this.#streamedBytes > limitBytes) {
        this.#passage.refuse(faults.BodyTooLarge({ sizeBytes: this.#streamedBytes, limitBytes }));
        return;
      }
      if (isChunked) connection.write(`${chunk.length.toString(16)}\r\n`);
      const takesMore = connection.write(chunk);
      if (isChunked) connection.write("\r\n");
      if (!takesMore) this.#request.pause();
    });
    this.#request.on("end", () => {
      if (isChunked) this.#connection?.write("0\r\n\r\n");
      this.#connection?.sent();
    });
  }

  #fail(cause: Error, isUnreached: boolean): void {
    const mayRepeat = !this.#isStreaming && !this.#response.headersSent;
    this.#passage.failed({ cause, isUnreached, mayRepeat });
  }

  /** The pod's answer is not wanted any more. */
  #giveUp(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  #closed(): void {
    if (this.#passage.isOver) return;
    this.#giveUp();
    this.#copy?.clientEnd(false);
    this.#passage.abort();
  }
}

/** That a client broke off is told by the end of its answer. */
function ignored(): void {}
