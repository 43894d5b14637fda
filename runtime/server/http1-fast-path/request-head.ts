import type { IncomingHttpHeaders } from "node:http";

/** The head of a request whose framing leaves nothing to interpret. */
export interface RequestHead {
  readonly method: "GET" | "POST";
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Of its body; 0 when it has none. */
  readonly contentBytes: number;
}

const requestLine = /^(GET|POST) (\/[!-~]*) HTTP\/1\.1\r\n/;
/** A token, a colon, visible ASCII and blanks (RFC 9112, 5): no folding, no bytes above 127, no bare line breaks. */
const headerLine = /([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~]*)\r\n/y;
/** They change how long a request is, what an answer looks like or whose connection it is: Node's server knows how. */
const foreign = new Set([
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
 * Reads a head, from the request line to the end of the last header, that is as plain as can be: HTTP/1.1, GET or POST, one host, no
 * header twice, the body's length in digits. `undefined` for any other, valid or not: whoever asks must hand that to somebody who
 * knows all of HTTP, so that two readings of one request never meet.
 */
export function plainHead(text: string): RequestHead | undefined {
  const line = requestLine.exec(text);
  if (line === null) return undefined;
  const [start, method, target = ""] = line;
  const headers = plainHeaders(text, start.length);
  if (headers?.["host"] === undefined || !keepsAlive(headers)) return undefined;
  const length = headers["content-length"];
  if (method === "GET") return length === undefined ? { method, target, headers, contentBytes: 0 } : undefined;
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined;
  return { method: "POST", target, headers, contentBytes: Number(length ?? 0) };
}

function plainHeaders(text: string, start: number): IncomingHttpHeaders | undefined {
  const headers: IncomingHttpHeaders = {};
  let at = start;
  while (at < text.length) {
    headerLine.lastIndex = at;
    const line = headerLine.exec(text);
    if (line === null) return undefined;
    const [all, written = "", value = ""] = line;
    const name = written.toLowerCase();
    if (foreign.has(name) || Object.hasOwn(headers, name)) return undefined;
    headers[name] = value.trim();
    at += all.length;
  }
  return headers;
}

function keepsAlive({ connection }: IncomingHttpHeaders): boolean {
  return connection === undefined || connection.toLowerCase() === "keep-alive";
}

/** Longest head that is kept, and how many of them. */
const maxKeptChars = 1024;
const maxKept = 64;

/** Reads heads; one that has come before, as most do, is not read again. */
export function headReader(): (text: string) => RequestHead | undefined {
  const kept = new Map<string, RequestHead>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const head = plainHead(text);
    if (head === undefined || text.length > maxKeptChars) return head;
    if (kept.size >= maxKept) kept.clear();
    kept.set(text, head);
    return head;
  };
}
