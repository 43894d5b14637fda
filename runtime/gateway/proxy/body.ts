import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Buffer } from "node:buffer";
import { ChunkList } from "./chunk-list.ts";

/** Bodies up to this size are buffered before they are sent, so that the request can be retried on another pod. */
export const retryableBytes = 64 * 1024;

/** How a request body is sent: none, buffered and sent whole, or streamed with a declared length or in chunks. */
export type BodyKind = "none" | "buffered" | "sized" | "chunked";

/** The declared Content-Length; 0 without one. */
export function announcedBytes(headers: IncomingHttpHeaders): number {
  const announced = headers["content-length"];
  if (announced === undefined) return 0;
  const length = Number(announced);
  return Number.isSafeInteger(length) && length > 0 ? length : 0;
}

export function bodyKind(headers: IncomingHttpHeaders, sizeBytes: number): BodyKind {
  if (headers["transfer-encoding"] !== undefined) return "chunked";
  if (sizeBytes === 0) return "none";
  return sizeBytes <= retryableBytes ? "buffered" : "sized";
}

/** Reads a body to its end and passes it on in one buffer. */
export function readWhole(request: IncomingMessage, whole: (body: Buffer) => void): void {
  const pieces = new ChunkList();
  request.on("data", (chunk: Buffer) => pieces.add(chunk));
  request.on("end", () => whole(pieces.whole()));
}
