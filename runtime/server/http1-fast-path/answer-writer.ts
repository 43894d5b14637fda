import type { Clock } from "../../base/clock.ts";
import { STATUS_CODES } from "../../base/node-http.ts";
import type { ProtocolResponse } from "../../protocols/protocol.ts";

/** An encoded response: one latin1 string, or chunks of bytes. */
export type AnswerBytes = string | readonly Uint8Array[];

/** Responses with binary parts are joined up to this size: several writes cost more than the copy. */
const maxJoinedBytes = 64 * 1024;

/** Encodes whole HTTP/1.1 responses with a `Date` that is correct to the second. */
export function answerWriter(
  clock: Clock,
  keepAliveMs: number,
): (answer: ProtocolResponse, isLast: boolean) => AnswerBytes {
  let second = -1;
  let [keepAliveEnding, closeEnding] = ["", ""];
  const updateDate = (): void => {
    const now = Math.floor(clock.now() / 1000);
    if (now === second) return;
    second = now;
    const date = `\r\nDate: ${new Date(now * 1000).toUTCString()}\r\nConnection: `;
    keepAliveEnding = `${date}keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n\r\n`;
    closeEnding = `${date}close\r\n\r\n`;
  };
  const written = (answer: ProtocolResponse, isLast: boolean): AnswerBytes => {
    const size = sizeBytes(answer);
    const head = `${startOf(answer)}content-length: ${size}${isLast ? closeEnding : keepAliveEnding}`;
    const { body, tail } = answer;
    if (typeof body === "string" && tail === undefined && size === body.length) return head + body;
    return chunks(head, answer, size);
  };
  const cache = new WeakMap<ProtocolResponse, CachedBytes>();
  return (answer, isLast) => {
    updateDate();
    if (answer.isReused !== true || isLast) return written(answer, isLast);
    const cached = cache.get(answer);
    if (cached?.second === second) return cached.bytes;
    const bytes = written(answer, false);
    cache.set(answer, { second, bytes });
    return bytes;
  };
}

/** The bytes of a repeated response; valid in the second that its `Date` names. */
interface CachedBytes {
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

function chunks(head: string, { body, tail = [] }: ProtocolResponse, size: number): readonly Uint8Array[] {
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
