import type { KubeResponse } from "../transport.ts";
import { type BodyReader, bodyUntilClose, chunkedBody, type OnPart, sizedBody } from "./body-reader.ts";

/** A complete response, and whether its connection cannot be reused. */
export interface ReadResponse extends KubeResponse {
  readonly isLast: boolean;
}

/** Reads the successive responses of one connection from pieces of any size. */
export interface ResponseReader {
  /** Returns the response when this piece completes it, else undefined. Throws for anything that is not HTTP/1.1. */
  push(piece: Buffer): ReadResponse | undefined;
  /** The connection has ended. Returns the response that this completes; undefined when it is truncated. */
  end(): ReadResponse | undefined;
  /** True between the end of a response's head and the end of its body. */
  readonly isInBody: boolean;
}

const headEnd = Buffer.from("\r\n\r\n");
const maxHeadBytes = 1024 * 1024;

/** Status and headers. */
export type ResponseHead = Pick<KubeResponse, "status" | "headers">;

/** Receives head and body parts as they arrive; the reader then does not collect the body. */
export interface ResponseListener {
  readonly onHead: (head: ResponseHead) => void;
  readonly onPart: OnPart;
}

interface Head extends ResponseHead {
  readonly body: BodyReader;
  /** The body lasts until the connection ends. */
  readonly endsWithConnection: boolean;
}

/** A reader of HTTP/1.1 responses (RFC 9112). The memory of a piece may be reused after `push`. */
export function createResponseReader(listener?: ResponseListener): ResponseReader {
  let unread: Buffer | undefined;
  let head: Head | undefined;
  let parts: Buffer[] = [];
  const onPart = listener?.onPart ?? ((part) => void parts.push(part));
  const completeResponse = ({ status, headers, endsWithConnection }: Head): ReadResponse => {
    head = undefined;
    const isLast = endsWithConnection || /\bclose\b/i.test(headers["connection"] ?? "");
    const body = textOf(parts);
    parts = [];
    return { status, headers, body, isLast };
  };
  /** Reads the head of the final response and returns the bytes after it; undefined while the head is incomplete. */
  const afterHead = (bytes: Buffer): Buffer | undefined => {
    const length = bytes.indexOf(headEnd);
    if (length === -1) {
      if (bytes.length > maxHeadBytes) throw new Error(`the head of the response is longer than ${maxHeadBytes} bytes`);
      unread = Buffer.from(bytes);
      return undefined;
    }
    const next = readHead(bytes.toString("latin1", 0, length), onPart);
    const rest = bytes.subarray(length + headEnd.length);
    // Skips interim responses such as 100 Continue and 103 Early Hints.
    if (next.status < 200) return afterHead(rest);
    head = next;
    listener?.onHead(next);
    return rest;
  };
  return {
    get isInBody() {
      return head !== undefined;
    },
    push(piece) {
      let bytes: Buffer | undefined = piece;
      if (head === undefined) {
        const all: Buffer = unread === undefined ? piece : Buffer.concat([unread, piece]);
        unread = undefined;
        bytes = afterHead(all);
      }
      if (head === undefined || bytes === undefined) return undefined;
      const partsBefore = parts.length;
      const used = head.body.take(bytes);
      if (used === undefined) {
        for (let index = partsBefore; index < parts.length; index += 1) parts[index] = Buffer.from(parts[index] ?? []);
        return undefined;
      }
      const response = completeResponse(head);
      // Surplus bytes answer no request: the connection cannot be reused.
      return used < bytes.length ? { ...response, isLast: true } : response;
    },
    end: () => (head?.endsWithConnection === true ? completeResponse(head) : undefined),
  };
}

function textOf([first, ...more]: readonly Buffer[]): string {
  if (first === undefined) return "";
  return more.length === 0 ? first.toString() : Buffer.concat([first, ...more]).toString();
}

function readHead(text: string, onPart: OnPart): Head {
  const [first = "", ...lines] = text.split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`${JSON.stringify(first.slice(0, 80))} is not an HTTP response`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`${JSON.stringify(line.slice(0, 80))} is not a header`);
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  return { status, headers, ...bodyOf({ status, headers }, onPart) };
}

/** The framing of the body (RFC 9112, 6.3). Requests are never HEAD or CONNECT. */
function bodyOf({ status, headers }: ResponseHead, onPart: OnPart): Pick<Head, "body" | "endsWithConnection"> {
  if (status === 204 || status === 304) return { body: sizedBody(0, onPart), endsWithConnection: false };
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) {
    if (coding.toLowerCase() === "chunked") return { body: chunkedBody(onPart), endsWithConnection: false };
    throw new Error(`transfer-encoding is ${JSON.stringify(coding)}; must be chunked`);
  }
  const length = headers["content-length"];
  if (length === undefined) return { body: bodyUntilClose(onPart), endsWithConnection: true };
  if (!/^\d{1,15}$/.test(length)) throw new Error(`content-length is ${JSON.stringify(length)}; must be a number`);
  return { body: sizedBody(Number(length), onPart), endsWithConnection: false };
}
