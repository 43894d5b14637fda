import type { StickyKey } from "../../../contract/route-table.ts";
import { textHash } from "./hashing.ts";

/** Headers by lower-case name, as Node's HTTP/1.1 and HTTP/2 servers parse them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Resolution of the split: a hundredth of a percent. */
const buckets = 10_000;

/** The value of a request's sticky header, else of its cookie. Undefined: it has neither. */
export function stickyValue({ header, cookie }: StickyKey, headers: Headers): string | undefined {
  const named = header === undefined ? undefined : headers[header.toLowerCase()];
  const text = typeof named === "string" ? named : named?.[0];
  if (text !== undefined && text !== "") return text;
  return cookie === undefined ? undefined : cookieValue(headers["cookie"], cookie);
}

/**
 * The member for a sticky value. The last member takes the lowest buckets, so that with rising weight of the candidate, which comes
 * after the stable revision, users only move towards it.
 */
export function stickyMember<T extends { readonly weight: number }>(
  members: readonly T[],
  salt: string,
  value: string,
): T | undefined {
  const bucket = textHash(`${salt}\n${value}`) % buckets;
  let end = 0;
  for (let i = members.length - 1; i > 0; i -= 1) {
    const member = members[i];
    if (member === undefined) continue;
    end += member.weight * 100;
    if (bucket < end) return member;
  }
  return members[0];
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
