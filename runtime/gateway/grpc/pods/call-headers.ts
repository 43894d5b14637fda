import { modelHeader, revisionHeader } from "../../../contract/route-table.ts";
import type { HeaderList } from "../../../http2/hpack/header-writer.ts";
import type { CallHead } from "../call-head.ts";
import { timeoutHeader } from "../../../server/grpc/timeout.ts";

/**
 * Headers that end at the gateway, or may be wrong behind it. `te` stays, since gRPC requires it; HTTP/1.1's other hop-by-hop
 * headers are forbidden in HTTP/2.
 */
const droppedHeaders = new Set([modelHeader, "grpc-timeout", "content-length"]);

/** By the pod's header list, which most responses of a pod share. */
const forClients = new WeakMap<HeaderList, { readonly revision: string; readonly list: HeaderList }>();

/**
 * Headers of a call for the pod at this address. `remainingMs`: the rest of the client's timeout. `:authority` is always set: some
 * servers require it, although RFC 9113 does not. Calls with the same head share one list, which is cheaper to encode.
 */
export function podHeaders(head: CallHead, remainingMs: number | undefined, address: string): HeaderList {
  const forwarded = (head.forwarded ??= forwardedHeaders(head.list));
  if (remainingMs === undefined && head.host !== undefined) return forwarded;
  const own = head.host === undefined ? [":authority", address] : [];
  return [...own, ...forwarded, ...(remainingMs === undefined ? [] : ["grpc-timeout", timeoutHeader(remainingMs)])];
}

/** Headers of a response for the client, with the revision that answered. */
export function clientHeaders(list: HeaderList, revision: string): HeaderList {
  const known = forClients.get(list);
  if (known?.revision === revision) return known.list;
  const headers = [...list, revisionHeader, revision];
  forClients.set(list, { revision, list: headers });
  return headers;
}

function forwardedHeaders(list: HeaderList): HeaderList {
  const headers: string[] = [];
  for (let i = 0; i + 1 < list.length; i += 2) {
    const [name = "", value = ""] = [list[i], list[i + 1]];
    if (!droppedHeaders.has(name)) headers.push(name, value);
  }
  return headers;
}
