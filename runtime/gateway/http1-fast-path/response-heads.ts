import { Buffer } from "node:buffer";
import { STATUS_CODES } from "../../base/node-http.ts";
import type { Clock } from "../../base/clock.ts";

/** Status line and headers of a response, encoded for the client. */
export interface ResponseHeadBytes {
  readonly bytes: Buffer;
  /** The body is chunked. */
  readonly isChunked: boolean;
}

/** A list of headers as text, without those that depend on the connection. */
interface HeadText {
  readonly status: number;
  readonly text: string;
  /** The headers give the body's length, or there is no body. */
  readonly isSized: boolean;
  readonly isDated: boolean;
  /** The encoded head for a connection that is kept alive; absent until first needed. */
  keepAlive?: ResponseHeadBytes;
}

/**
 * Encodes response heads. `headers`: alternating names and values. The text is cached by the identity of that list; `isLast`
 * adds `connection: close`.
 */
export function responseHeads(
  clock: Clock,
  keepAliveSeconds: number,
): (status: number, headers: readonly string[], isLast: boolean) => ResponseHeadBytes {
  const cache = new WeakMap<readonly string[], HeadText>();
  const encoded = ({ text, isSized, isDated }: HeadText, connection: string): ResponseHeadBytes => {
    const date = isDated ? "" : `date: ${new Date(clock.now()).toUTCString()}\r\n`;
    const framing = isSized ? "" : "transfer-encoding: chunked\r\n";
    return { bytes: Buffer.from(`${text}${date}${framing}${connection}\r\n`, "latin1"), isChunked: !isSized };
  };
  const keepAliveLines = `connection: keep-alive\r\nkeep-alive: timeout=${keepAliveSeconds}\r\n`;
  return (status, headers, isLast) => {
    let head = cache.get(headers);
    if (head?.status !== status) {
      head = headText(status, headers);
      cache.set(headers, head);
    }
    if (isLast) return encoded(head, "connection: close\r\n");
    return head.isDated ? (head.keepAlive ??= encoded(head, keepAliveLines)) : encoded(head, keepAliveLines);
  };
}

function headText(status: number, headers: readonly string[]): HeadText {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "unknown"}\r\n`;
  let [isSized, isDated] = [status === 204 || status === 304, false];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? "";
    if (name.length === 14 && name.toLowerCase() === "content-length") isSized = true;
    else if (name.length === 4 && name.toLowerCase() === "date") isDated = true;
    text += `${name}: ${headers[i + 1]}\r\n`;
  }
  return { status, text, isSized, isDated };
}
