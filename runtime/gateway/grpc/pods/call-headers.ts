import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { modelHeader, revisionHeader } from "../../../contract/route-table.ts";
import { timeoutHeader } from "../timeout.ts";

/**
 * What ends at the gateway, or may not be true any more behind it; `te` is no such header in gRPC, and others of HTTP/1.1's
 * connections are forbidden in HTTP/2.
 */
const ownHeaders = new Set([modelHeader, "grpc-timeout", "content-length"]);

/** Headers of a call as its pod gets them. `leftMs`: time that its client still allows. */
export function podHeaders(headers: IncomingHttpHeaders, leftMs: number | undefined): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const name in headers) if (!ownHeaders.has(name)) kept[name] = headers[name];
  if (leftMs !== undefined) kept["grpc-timeout"] = timeoutHeader(leftMs);
  return kept;
}

/** Headers of an answer as its client gets them, with the revision that gave it. */
export function clientHeaders(headers: IncomingHttpHeaders, revision: string): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const name in headers) kept[name] = headers[name];
  kept[revisionHeader] = revision;
  return kept;
}
