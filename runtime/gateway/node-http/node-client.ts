import type { Buffer } from "node:buffer";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../base/clock.ts";
import type { Fault } from "../../base/fault.ts";
import { faultAnswer } from "../proxy/answer.ts";
import { announcedBytes, type BodyKind, bodyKind, readWhole } from "../proxy/body.ts";
import type { Client } from "../proxy/client.ts";
import { requestHead } from "../proxy/headers.ts";
import { requestTarget, withHost } from "./request-target.ts";

/** A refused client may go on sending for this long, so that it reads its answer. */
const lingerMs = 2_000;
/** A client that was answered before its request was complete may finish that for this long, and go on then. */
const restMs = 30_000;
/** The end of an answer that waits for its client to read for so long is given up, with the connection. */
const flushMs = 75_000;

/** A client whose request Node's HTTP server has read. */
export class NodeClient implements Client {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #rawHeaders: readonly string[];
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly sizeBytes: number;
  readonly bodyKind: BodyKind;
  /** It sends its body once it is told to. */
  #isWaiting: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, clock: Clock) {
    this.#request = request;
    this.#response = response;
    this.#clock = clock;
    const { headers, rawHeaders } = request;
    const { host, path } = requestTarget(request);
    this.path = path;
    this.headers = host === undefined ? headers : { ...headers, host };
    this.#rawHeaders = host === undefined ? rawHeaders : withHost(rawHeaders, host);
    // Node's server refuses all other expectations, and ends the connection after an answer to which a body may come or not.
    this.#isWaiting = headers.expect !== undefined && request.httpVersion === "1.1";
    this.sizeBytes = announcedBytes(request.headers);
    this.bodyKind = bodyKind(request.headers, this.sizeBytes);
    request.on("error", ignored);
  }

  get method(): string {
    return this.#request.method ?? "GET";
  }

  get hasAnswer(): boolean {
    return this.#response.headersSent;
  }

  get localPort(): number | undefined {
    return this.#request.socket.localPort;
  }

  requestHead(path: string, kind: BodyKind, sizeBytes: number): Buffer {
    const { method, headers } = this;
    return requestHead({ method, headers, rawHeaders: this.#rawHeaders, path, kind, sizeBytes });
  }

  readWhole(whole: (body: Buffer) => void): void {
    this.#askForBody();
    readWhole(this.#request, whole);
  }

  readParts(part: (chunk: Buffer) => void, ended: () => void): void {
    this.#askForBody();
    this.#request.on("data", part);
    this.#request.on("end", ended);
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  whenGone(gone: () => void): void {
    this.#response.once("close", gone);
  }

  begin(status: number, headers: readonly string[]): void {
    this.#response.writeHead(status, [...headers]);
  }

  write(chunk: Buffer): boolean {
    return this.#response.write(chunk);
  }

  whenDrained(drained: () => void): void {
    this.#response.once("drain", drained);
  }

  end(chunk: Buffer | undefined): void {
    const response = this.#response;
    if (!this.#request.complete) this.#dropRest(restMs);
    if (chunk === undefined) response.end();
    else response.end(chunk);
    if (response.socket?.writableNeedDrain !== true) return;
    const cancel = this.#clock.after(flushMs, () => response.destroy());
    response.once("close", cancel);
  }

  refuse(fault: Fault): number {
    const [request, response] = [this.#request, this.#response];
    if (response.headersSent) {
      response.destroy();
      return response.statusCode;
    }
    if (!request.complete) {
      // What is left of the body would be taken for the next request; closing at once would cut off the answer (RST).
      response.setHeader("connection", "close");
      this.#dropRest(lingerMs);
    }
    const { status, headers, body } = faultAnswer(fault);
    this.begin(status, headers);
    response.end(body);
    return status;
  }

  #askForBody(): void {
    if (this.#isWaiting) this.#response.writeContinue();
    this.#isWaiting = false;
  }

  /** Reads the rest of the body, which nobody wants, for so long: clients that only send meanwhile would wait forever. */
  #dropRest(timeoutMs: number): void {
    const request = this.#request;
    request.resume();
    const cancel = this.#clock.after(timeoutMs, () => request.destroy());
    request.once("close", cancel);
  }
}

/** That a client broke off is told by the end of its answer. */
function ignored(): void {}
