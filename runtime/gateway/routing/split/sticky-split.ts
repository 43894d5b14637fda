import type { StickyKey } from "../../../contract/route-table.ts";
import { textHash } from "./hashing.ts";

/** Headers by lower-case name, as Node's HTTP/1.1 and HTTP/2 servers tell them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Users are told apart in steps of a hundredth of a percent. */
const buckets = 10_000;

/** What keeps a request with one revision: the value of its header, else of its cookie. Undefined: it has neither. */
export function stickyValue({ header, cookie }: StickyKey, headers: Headers): string | undefined {
  const named = header === undefined ? undefined : headers[header.toLowerCase()];
  const text = typeof named === "string" ? named : named?.[0];
  if (text !== undefined && text !== "") return text;
  return cookie === undefined ? undefined : cookieValue(headers["cookie"], cookie);
}

/**
 * The one that a value belongs to. The last takes the lowest buckets, so that with rising weight of a candidate, which comes
 * after the stable revision, users only move towards it.
 */
export function stickySharer<T extends { readonly weight: number }>(
  sharers: readonly T[],
  salt: string,
  value: string,
): T | undefined {
  const bucket = textHash(`${salt}\n${value}`) % buckets;
  let end = 0;
  for (let i = sharers.length - 1; i > 0; i -= 1) {
    const sharer = sharers[i];
    if (sharer === undefined) continue;
    end += sharer.weight * 100;
    if (bucket < end) return sharer;
  }
  return sharers[0];
}

function cookieValue(cookies: string | readonly string[] | undefined, name: string): string | undefined {
  for (const line of typeof cookies === "string" ? [cookies] : (cookies ?? [])) {
    for (const pair of line.split(";")) {
      const [key, ...value] = pair.split("=");
      if (key?.trim() === name) return value.join("=").trim();
    }
  }
  return undefined;
}
