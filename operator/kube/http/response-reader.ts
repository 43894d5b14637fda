import type { KubeResponse } from "../transport.ts";
import { type BodyReader, chunkedBody, type OnPart, openBody, sizedBody } from "./body-reader.ts";

/** A whole response, and whether it was the last of its connection. */
export interface ReadResponse extends KubeResponse {
  readonly isLast: boolean;
}

/** Reads responses of one connection, one after the other, from pieces as they come. */
export interface ResponseReader {
  /** The response when this piece was its last; undefined while there is more to come. Throws for what is not HTTP. */
  push(piece: Buffer): ReadResponse | undefined;
  /** No more pieces: the response whose end this is, undefined when it is cut off. */
  end(): ReadResponse | undefined;
  /** True from the end of a response's head to the end of its body. */
  readonly isInBody: boolean;
}

const headEnd = Buffer.from("\r\n\r\n");
const maxHeadBytes = 1024 * 1024;

/** What a response begins with. */
export type ResponseHead = Pick<KubeResponse, "status" | "headers">;

/** Who reads responses as they come; what is told is not kept. */
export interface ResponseListener {
  readonly onHead: (head: ResponseHead) => void;
  readonly onPart: OnPart;
}

interface Head extends ResponseHead {
  readonly body: BodyReader;
  /** Its end is that of the connection. */
  readonly isOpen: boolean;
}

/** A reader of HTTP/1.1 (RFC 9112). Pieces may lie in memory that is used again. */
export function createResponseReader(listener?: ResponseListener): ResponseReader {
  let unread: Buffer | undefined;
  let head: Head | undefined;
  let parts: Buffer[] = [];
  const onPart = listener?.onPart ?? ((part) => void parts.push(part));
  const whole = ({ status, headers, isOpen }: Head): ReadResponse => {
    head = undefined;
    const isLast = isOpen || /\bclose\b/i.test(headers["connection"] ?? "");
    const body = textOf(parts);
    parts = [];
    return { status, headers, body, isLast };
  };
  /** Reads heads up to that of an answer; what follows it, undefined when it is not all there. */
  const afterHead = (bytes: Buffer): Buffer | undefined => {
    const length = bytes.indexOf(headEnd);
    if (length === -1) {
      if (bytes.length > maxHeadBytes) throw new Error("the head of the response has no end");
      unread = Buffer.from(bytes);
      return undefined;
    }
    const next = readHead(bytes.toString("latin1", 0, length), onPart);
    const rest = bytes.subarray(length + headEnd.length);
    // 100 Continue and 103 Early Hints announce an answer, they are none.
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
      const known = parts.length;
      const used = head.body.take(bytes);
      if (used === undefined) {
        for (let index = known; index < parts.length; index += 1) parts[index] = Buffer.from(parts[index] ?? []);
        return undefined;
      }
      const response = whole(head);
      // What comes unasked cannot be an answer.
      return used < bytes.length ? { ...response, isLast: true } : response;
    },
    end: () => (head?.isOpen === true ? whole(head) : undefined),
  };
}

function textOf([first, ...more]: readonly Buffer[]): string {
  if (first === undefined) return "";
  return more.length === 0 ? first.toString() : Buffer.concat([first, ...more]).toString();
}

function readHead(text: string, onPart: OnPart): Head {
  const [first = "", ...lines] = text.split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`${JSON.stringify(first.slice(0, 80))} is no HTTP response`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`${JSON.stringify(line.slice(0, 80))} is no header`);
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  return { status, headers, ...bodyOf({ status, headers }, onPart) };
}

/** How the end of a body is known (RFC 9112, 6.3). Requests are never HEAD or CONNECT. */
function bodyOf({ status, headers }: ResponseHead, onPart: OnPart): Pick<Head, "body" | "isOpen"> {
  if (status === 204 || status === 304) return { body: sizedBody(0, onPart), isOpen: false };
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) {
    if (coding.toLowerCase() === "chunked") return { body: chunkedBody(onPart), isOpen: false };
    throw new Error(`transfer-encoding is ${JSON.stringify(coding)}; must be chunked`);
  }
  const length = headers["content-length"];
  if (length === undefined) return { body: openBody(onPart), isOpen: true };
  if (!/^\d{1,15}$/.test(length)) throw new Error(`content-length is ${JSON.stringify(length)}; must be a number`);
  return { body: sizedBody(Number(length), onPart), isOpen: false };
}
