import { modelHeader, revisionHeader } from "../../../contract/route-table.ts";
import type { HeaderList } from "../../../http2/hpack/header-writer.ts";
import type { CallHead } from "../call-head.ts";
import { timeoutHeader } from "../timeout.ts";

/**
 * What ends at the gateway, or may not be true any more behind it; `te` is no such header in gRPC, and others of HTTP/1.1's
 * connections are forbidden in HTTP/2.
 */
const ownHeaders = new Set([modelHeader, "grpc-timeout", "content-length"]);

/** By the headers of an answer, which most answers of a pod share. */
const forClients = new WeakMap<HeaderList, { readonly revision: string; readonly list: HeaderList }>();

/**
 * Headers of a call as its pod, at this address, gets them. `leftMs`: time that its client still allows. There are servers that
 * want to hear how they are called, whatever RFC 9113 leaves open. For calls of one head it is the same list, which costs less to send.
 */
export function podHeaders(head: CallHead, leftMs: number | undefined, address: string): HeaderList {
  const passing = (head.passing ??= passingHeaders(head.list));
  if (leftMs === undefined && head.host !== undefined) return passing;
  const own = head.host === undefined ? [":authority", address] : [];
  return [...own, ...passing, ...(leftMs === undefined ? [] : ["grpc-timeout", timeoutHeader(leftMs)])];
}

/** Headers of an answer as its client gets them, with the revision that gave it. */
export function clientHeaders(list: HeaderList, revision: string): HeaderList {
  const known = forClients.get(list);
  if (known?.revision === revision) return known.list;
  const told = [...list, revisionHeader, revision];
  forClients.set(list, { revision, list: told });
  return told;
}

function passingHeaders(list: HeaderList): HeaderList {
  const kept: string[] = [];
  for (let i = 0; i + 1 < list.length; i += 2) {
    const [name = "", value = ""] = [list[i], list[i + 1]];
    if (!ownHeaders.has(name)) kept.push(name, value);
  }
  return kept;
}
