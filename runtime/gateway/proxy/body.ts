import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Buffer } from "node:buffer";
import { Pieces } from "./pieces.ts";

/** Bodies up to this size are read before they are sent on, so that a request can go to another pod when one breaks off. */
export const repeatableBytes = 64 * 1024;

/** How a request's body travels: there is none, it is kept until it can be sent whole, or it streams, as long as announced or in chunks. */
export type BodyKind = "none" | "kept" | "sized" | "chunked";

/** Bytes that the client announced, 0 when it announced none. */
export function announcedBytes(headers: IncomingHttpHeaders): number {
  const announced = headers["content-length"];
  if (announced === undefined) return 0;
  const length = Number(announced);
  return Number.isSafeInteger(length) && length > 0 ? length : 0;
}

export function bodyKind(headers: IncomingHttpHeaders, sizeBytes: number): BodyKind {
  if (headers["transfer-encoding"] !== undefined) return "chunked";
  if (sizeBytes === 0) return "none";
  return sizeBytes <= repeatableBytes ? "kept" : "sized";
}

/** Reads a body to its end and hands it over in one piece. */
export function readWhole(request: IncomingMessage, whole: (body: Buffer) => void): void {
  const pieces = new Pieces();
  request.on("data", (chunk: Buffer) => pieces.add(chunk));
  request.on("end", () => whole(pieces.whole()));
}
