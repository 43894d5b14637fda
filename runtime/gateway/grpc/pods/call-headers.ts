import { modelHeader, revisionHeader } from "../../../contract/route-table.ts";
import type { HeaderList } from "../../../http2/hpack/header-writer.ts";
import { timeoutHeader } from "../timeout.ts";

/**
 * What ends at the gateway, or may not be true any more behind it; `te` is no such header in gRPC, and others of HTTP/1.1's
 * connections are forbidden in HTTP/2.
 */
const ownHeaders = new Set([modelHeader, "grpc-timeout", "content-length"]);

/**
 * Headers of a call as its pod, at this address, gets them. `leftMs`: time that its client still allows. There are servers that
 * want to hear how they are called, whatever RFC 9113 leaves open.
 */
export function podHeaders(list: HeaderList, leftMs: number | undefined, address: string): HeaderList {
  const isNamed = list.includes(":authority") || list.includes("host");
  const kept: string[] = isNamed ? [] : [":authority", address];
  for (let i = 0; i + 1 < list.length; i += 2) {
    const [name = "", value = ""] = [list[i], list[i + 1]];
    if (!ownHeaders.has(name)) kept.push(name, value);
  }
  if (leftMs !== undefined) kept.push("grpc-timeout", timeoutHeader(leftMs));
  return kept;
}

/** Headers of an answer as its client gets them, with the revision that gave it. */
export function clientHeaders(list: HeaderList, revision: string): HeaderList {
  return [...list, revisionHeader, revision];
}
