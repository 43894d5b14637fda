import { revisionHeader } from "../../contract/route-table.ts";
import type { ResponseHead } from "../upstream/response-head.ts";

interface CachedHeaders {
  readonly hash: string;
  readonly headers: readonly string[];
}

/** By the pod's head, which is the same object when the same bytes come again. */
const cache = new WeakMap<ResponseHead, CachedHeaders>();

/** Headers of a response to a client: the pod's and the revision. Alternating names and values. */
export function responseHeaders(head: ResponseHead, hash: string): readonly string[] {
  const cached = cache.get(head);
  if (cached?.hash === hash) return cached.headers;
  // The gateway names the revision; a pod cannot.
  const own = head.headers.filter((_, i, all) => all[i - (i % 2)]?.toLowerCase() !== revisionHeader);
  const headers = [...own, revisionHeader, hash];
  cache.set(head, { hash, headers });
  return headers;
}
