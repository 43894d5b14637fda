import { Buffer } from "node:buffer";
import { STATUS_CODES } from "../../base/node-http.ts";
import type { Clock } from "../../base/clock.ts";

/** Status line and headers of an answer, as its client gets them. */
export interface AnswerHead {
  readonly bytes: Buffer;
  /** Its body goes in chunks. */
  readonly isChunked: boolean;
}

/** What a list of headers says, without what its connection adds. */
interface Told {
  readonly status: number;
  readonly text: string;
  /** It says how long the body is, or there is none. */
  readonly isSized: boolean;
  readonly isDated: boolean;
  /** On a connection that goes on; absent until it is needed. */
  kept?: AnswerHead;
}

/**
 * Writes heads of answers on connections that end after them or are kept. `headers`: names and values in turn; a list that comes
 * again is not written anew.
 */
export function answerHeads(
  clock: Clock,
  keepAliveSeconds: number,
): (status: number, headers: readonly string[], isLast: boolean) => AnswerHead {
  const known = new WeakMap<readonly string[], Told>();
  const written = ({ text, isSized, isDated }: Told, connection: string): AnswerHead => {
    const date = isDated ? "" : `date: ${new Date(clock.now()).toUTCString()}\r\n`;
    const framing = isSized ? "" : "transfer-encoding: chunked\r\n";
    return { bytes: Buffer.from(`${text}${date}${framing}${connection}\r\n`, "latin1"), isChunked: !isSized };
  };
  const kept = `connection: keep-alive\r\nkeep-alive: timeout=${keepAliveSeconds}\r\n`;
  return (status, headers, isLast) => {
    let head = known.get(headers);
    if (head?.status !== status) {
      head = told(status, headers);
      known.set(headers, head);
    }
    if (isLast) return written(head, "connection: close\r\n");
    return head.isDated ? (head.kept ??= written(head, kept)) : written(head, kept);
  };
}

function told(status: number, headers: readonly string[]): Told {
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
