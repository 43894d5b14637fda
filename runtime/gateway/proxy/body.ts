import type { IncomingMessage } from "node:http";
import { Transform, type Readable } from "node:stream";
import { faults } from "../faults.ts";

/** Bodies up to this size are read before they are sent on, so that a request can go to another pod when one breaks off. */
const repeatableBytes = 64 * 1024;

/** `Uint8Array`: may be sent again. Stream: only once. `null`: there is none. */
export type RequestBody = Uint8Array | Readable | null;

/** Bytes that the client announced, 0 when it announced none. */
export function announcedBytes(request: IncomingMessage): number {
  const length = Number(request.headers["content-length"] ?? 0);
  return Number.isSafeInteger(length) && length > 0 ? length : 0;
}

/** The body of a request, refused with `BodyTooLarge` beyond `limitBytes`, also when its length was not announced. */
export async function requestBody(request: IncomingMessage, limitBytes: number): Promise<RequestBody> {
  const sizeBytes = announcedBytes(request);
  if (sizeBytes > limitBytes) throw faults.BodyTooLarge({ sizeBytes, limitBytes });
  const chunked = request.headers["transfer-encoding"] !== undefined;
  if (sizeBytes === 0 && !chunked) return null;
  if (!chunked && sizeBytes <= repeatableBytes) return await wholeBody(request);
  return chunked ? counted(request, limitBytes) : request;
}

async function wholeBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function counted(request: IncomingMessage, limitBytes: number): Transform {
  let sizeBytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) done(faults.BodyTooLarge({ sizeBytes, limitBytes }));
      else done(null, chunk);
    },
  });
  // It may fail before anybody reads it; the fault stays in `errored`, where the sender finds it.
  counter.on("error", () => {});
  request.once("close", () => {
    if (!request.complete) counter.destroy();
  });
  return request.pipe(counter);
}
