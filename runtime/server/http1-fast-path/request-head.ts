import type { IncomingHttpHeaders } from "node:http";

/** The head of a request whose framing is unambiguous. */
export interface RequestHead {
  readonly method: "GET" | "POST";
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Body size; 0 without a body. */
  readonly contentBytes: number;
}

const requestLine = /^(GET|POST) (\/[!-~]*) HTTP\/1\.1\r\n/;
/** A token, a colon, visible ASCII and blanks (RFC 9112 §5): no folding, no bytes above 127, no bare line breaks. */
const headerLine = /([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~]*)\r\n/y;
/** Headers that affect framing, responses or the connection: requests with one are left to Node's server. */
const unsupported = new Set([
  "transfer-encoding",
  "content-encoding",
  "expect",
  "upgrade",
  "te",
  "trailer",
  "proxy-connection",
  "set-cookie",
  "__proto__",
]);

/**
 * Parses a head, from the request line to the end of the last header, of a simple request: HTTP/1.1, GET or POST, one host, no
 * repeated header, content-length in digits. Undefined for any other, valid or not: the caller must leave it to a full HTTP server,
 * so that a request is never interpreted in two ways.
 */
export function simpleRequestHead(text: string): RequestHead | undefined {
  const line = requestLine.exec(text);
  if (line === null) return undefined;
  const [start, method, target = ""] = line;
  const headers = simpleHeaders(text, start.length);
  if (headers?.["host"] === undefined || !keepsAlive(headers)) return undefined;
  const length = headers["content-length"];
  if (method === "GET") return length === undefined ? { method, target, headers, contentBytes: 0 } : undefined;
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined;
  return { method: "POST", target, headers, contentBytes: Number(length ?? 0) };
}

function simpleHeaders(text: string, start: number): IncomingHttpHeaders | undefined {
  const headers: IncomingHttpHeaders = {};
  let at = start;
  while (at < text.length) {
    headerLine.lastIndex = at;
    const line = headerLine.exec(text);
    if (line === null) return undefined;
    const [all, written = "", value = ""] = line;
    const name = written.toLowerCase();
    if (unsupported.has(name) || Object.hasOwn(headers, name)) return undefined;
    headers[name] = value.trim();
    at += all.length;
  }
  return headers;
}

function keepsAlive({ connection }: IncomingHttpHeaders): boolean {
  return connection === undefined || connection.toLowerCase() === "keep-alive";
}

/** Longest cached head, and number of cached heads. */
const maxCachedChars = 1024;
const maxCached = 64;

/** Returns a parser that caches heads: most repeat. */
export function requestHeadReader(): (text: string) => RequestHead | undefined {
  const cache = new Map<string, RequestHead>();
  return (text) => {
    const cached = cache.get(text);
    if (cached !== undefined) return cached;
    const head = simpleRequestHead(text);
    if (head === undefined || text.length > maxCachedChars) return head;
    if (cache.size >= maxCached) cache.clear();
    cache.set(text, head);
    return head;
  };
}
