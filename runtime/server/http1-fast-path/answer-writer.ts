import type { Clock } from "../../base/clock.ts";
import { STATUS_CODES } from "../../base/node-http.ts";
import type { ProtocolResponse } from "../../protocols/protocol.ts";

/** An answer as it goes to the socket: one text of one byte a character, or pieces of bytes. */
export type AnswerBytes = string | readonly Uint8Array[];

/** Answers with binary parts are joined up to this size: several writes cost more than the copy. */
const maxJoinedBytes = 64 * 1024;

/** Writes whole answers of HTTP/1.1 with a `Date` that is right to the second. */
export function answerWriter(
  clock: Clock,
  keepAliveMs: number,
): (answer: ProtocolResponse, isLast: boolean) => AnswerBytes {
  let second = -1;
  let [staying, leaving] = ["", ""];
  const endings = (): void => {
    const now = Math.floor(clock.now() / 1000);
    if (now === second) return;
    second = now;
    const date = `\r\nDate: ${new Date(now * 1000).toUTCString()}\r\nConnection: `;
    staying = `${date}keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n\r\n`;
    leaving = `${date}close\r\n\r\n`;
  };
  const written = (answer: ProtocolResponse, isLast: boolean): AnswerBytes => {
    const size = sizeBytes(answer);
    const head = `${startOf(answer)}content-length: ${size}${isLast ? leaving : staying}`;
    const { body, tail } = answer;
    if (typeof body === "string" && tail === undefined && size === body.length) return head + body;
    return pieces(head, answer, size);
  };
  const kept = new WeakMap<ProtocolResponse, KeptBytes>();
  return (answer, isLast) => {
    endings();
    if (answer.isReused !== true || isLast) return written(answer, isLast);
    const known = kept.get(answer);
    if (known?.second === second) return known.bytes;
    const bytes = written(answer, false);
    kept.set(answer, { second, bytes });
    return bytes;
  };
}

/** The bytes of a repeated answer; right in the second that its `Date` names. */
interface KeptBytes {
  readonly second: number;
  readonly bytes: AnswerBytes;
}

function startOf({ status, headers }: ProtocolResponse): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "unknown"}\r\n`;
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
  return text;
}

function sizeBytes({ body, tail }: ProtocolResponse): number {
  let size = Buffer.byteLength(body);
  if (tail !== undefined) for (const { length } of tail) size += length;
  return size;
}

function pieces(head: string, { body, tail = [] }: ProtocolResponse, size: number): readonly Uint8Array[] {
  if (size > maxJoinedBytes)
    return [Buffer.from(head, "latin1"), typeof body === "string" ? Buffer.from(body) : body, ...tail];
  const all = Buffer.allocUnsafe(head.length + size);
  let at = all.write(head, "latin1");
  if (typeof body === "string") at += all.write(body, at);
  else {
    all.set(body, at);
    at += body.length;
  }
  for (const bytes of tail) {
    all.set(bytes, at);
    at += bytes.length;
  }
  return [all];
}
