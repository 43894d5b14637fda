import type { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http2";
import type { Clock } from "../../base/clock.ts";
import type { Fault } from "../../base/fault.ts";
import type { HeaderList } from "../../http2/hpack/header-writer.ts";
import type { Http2Stream, StreamOwner } from "../../http2/stream.ts";
import { errorCodes } from "../../http2/wire.ts";
import { faults } from "../faults.ts";
import { faultAnswer } from "../proxy/answer.ts";
import { announcedBytes, type BodyKind, bodyKind } from "../proxy/body.ts";
import type { Client } from "../proxy/client.ts";
import { requestHead } from "../proxy/headers.ts";
import { Pieces } from "../proxy/pieces.ts";
import { headerRecord } from "./header-record.ts";

/** A request that came over HTTP/2. */
export interface Http2Request {
  readonly stream: Http2Stream;
  /** Pseudo-headers first. */
  readonly list: HeaderList;
  /** It has no body. */
  readonly isWhole: boolean;
  readonly localPort: number | undefined;
  readonly clock: Clock;
}

/** A client that speaks HTTP/2, with what pods want to hear over HTTP/1.1 in headers of its own. */
export class Http2Client implements Client, StreamOwner {
  readonly #request: Http2Request;
  readonly #stream: Http2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly bodyKind: BodyKind;
  hasAnswer = false;
  /** Nothing more is said to it: that its stream closes then is no leaving. */
  #isOver = false;
  #status = 0;
  #part: (chunk: Buffer) => void = () => {};
  #partsEnded: () => void = () => {};
  #gone: ((fault?: Fault) => void) | undefined;
  #drained: (() => void) | undefined;

  constructor(request: Http2Request) {
    const { stream, list, isWhole } = request;
    const { ":method": method, ":path": path, ":authority": authority, ":scheme": _, ...own } = headerRecord(list);
    // The header does not count (RFC 9113 §8.3.1).
    if (authority !== undefined) own.host = authority;
    // A body of unannounced length is what HTTP/1.1 calls chunked; without this it would be taken for none.
    if (own["content-length"] === undefined && !isWhole) own["transfer-encoding"] = "chunked";
    this.#request = request;
    this.#stream = stream;
    this.headers = own;
    this.method = method ?? "GET";
    this.path = path ?? "/";
    this.sizeBytes = announcedBytes(own);
    this.bodyKind = bodyKind(own, this.sizeBytes);
    stream.owner = this;
    // Nothing is to be lost that comes before somebody wants it.
    stream.pause();
  }

  get localPort(): number | undefined {
    return this.#request.localPort;
  }

  requestHead(path: string, kind: BodyKind, sizeBytes: number): Buffer {
    const { method, headers } = this;
    const rawHeaders = plainHeaders(this.#request.list, headers.host);
    return requestHead({ method, headers, rawHeaders, path, kind, sizeBytes });
  }

  readWhole(whole: (body: Buffer) => void): void {
    const pieces = new Pieces();
    this.readParts(
      (chunk) => pieces.add(chunk),
      () => whole(pieces.whole()),
    );
  }

  readParts(part: (chunk: Buffer) => void, ended: () => void): void {
    this.#part = part;
    this.#partsEnded = ended;
    if (this.headers.expect?.toLowerCase() === "100-continue") this.#stream.headers([":status", "100"]);
    this.#stream.resume();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  whenGone(gone: (fault?: Fault) => void): void {
    this.#gone = gone;
  }

  begin(status: number, headers: readonly string[]): void {
    this.hasAnswer = true;
    this.#status = status;
    this.#stream.headers(answerHeaders(status, headers, this.#request.clock));
  }

  write(chunk: Buffer): boolean {
    return this.#stream.write(chunk);
  }

  whenDrained(drained: () => void): void {
    this.#drained = drained;
  }

  end(chunk: Buffer | undefined): void {
    this.#isOver = true;
    this.#stream.end(chunk);
  }

  refuse(fault: Fault): number {
    if (this.hasAnswer) {
      // An answer that breaks off must not look as if it had ended.
      this.#isOver = true;
      this.#stream.reset(errorCodes.internalError);
      return this.#status;
    }
    const { status, headers, body } = faultAnswer(fault);
    this.begin(status, headers);
    this.end(body);
    return status;
  }

  /** Trailers of a request: nobody passes them on. */
  headersCame(): void {}

  data(chunk: Buffer): void {
    this.#part(chunk);
  }

  ended(): void {
    this.#partsEnded();
  }

  drained(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  crowded(): void {
    this.#gone?.(faults.BodiesTooMany({}));
  }

  closed(): void {
    if (!this.#isOver) this.#gone?.();
  }
}

/** Of HTTP/1.1's connections: a message of HTTP/2 that has them is malformed (RFC 9113 §8.2.2). */
const connectionHeaders = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "te",
]);

/** Values of one name as one, which means the same (RFC 9110 §5.3), but for those of which some clients take the first. */
function answerHeaders(status: number, headers: readonly string[], clock: Clock): string[] {
  const list = [":status", String(status)];
  let isDated = false;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] ?? "").toLowerCase();
    const value = headers[i + 1] ?? "";
    if (connectionHeaders.has(name)) continue;
    if (name === "date") isDated = true;
    const before = name === "set-cookie" ? -1 : list.indexOf(name);
    if (before >= 2 && before % 2 === 0) list[before + 1] += `, ${value}`;
    else list.push(name, value);
  }
  if (!isDated) list.push("date", new Date(clock.now()).toUTCString());
  return list;
}

/** Names and values without HTTP/2's own; cookies, which it takes apart, in one again (RFC 9113 §8.2.3). */
function plainHeaders(raw: HeaderList, host: string | undefined): string[] {
  const kept: string[] = host === undefined ? [] : ["host", host];
  const cookies: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name, value] = [raw[i], raw[i + 1]];
    if (name === undefined || value === undefined || name.startsWith(":") || name === "host") continue;
    if (name === "cookie") cookies.push(value);
    else kept.push(name, value);
  }
  return cookies.length === 0 ? kept : [...kept, "cookie", cookies.join("; ")];
}
