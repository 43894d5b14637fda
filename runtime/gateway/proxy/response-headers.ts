import { revisionHeader } from "../../contract/route-table.ts";
import type { ResponseHead } from "../upstream/response-head.ts";

interface Told {
  readonly hash: string;
  readonly headers: readonly string[];
}

/** By a pod's head, which is the same object when it comes again. */
const known = new WeakMap<ResponseHead, Told>();

/** Headers that a client gets of a pod's answer: the pod's, and which revision it was. Names and values in turn. */
export function toldHeaders(head: ResponseHead, hash: string): readonly string[] {
  const before = known.get(head);
  if (before?.hash === hash) return before.headers;
  // Which revision it was says the gateway, not the pod.
  const own = head.headers.filter((_, i, all) => all[i - (i % 2)]?.toLowerCase() !== revisionHeader);
  const headers = [...own, revisionHeader, hash];
  known.set(head, { hash, headers });
  return headers;
}
