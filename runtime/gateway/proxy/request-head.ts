import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import { modelHeader } from "../../contract/route-table.ts";
import { faults } from "../faults.ts";
import type { BodyKind } from "./body.ts";

/** Hop-by-hop headers (RFC 9110 §7.6.1), the body length, which is written anew, and headers that the gateway itself consumes. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "content-length",
  "upgrade",
  "expect",
  modelHeader,
]);

/** Characters that a header value or a path may not have: they would change on the wire, or end the line. */
const beyondText = /[^\t\x20-\x7e\x80-\xff]/;
const beyondPath = /[^\x21-\x7e\x80-\xff]/;

interface RequestText {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Alternating names and values, as received. */
  readonly rawHeaders: readonly string[];
  readonly kind: BodyKind;
  /** Size of a buffered body; declared size of a streamed one. */
  readonly sizeBytes: number;
}

/** Request line and headers for a pod: the client's without the hop-by-hop ones. Throws `RequestUnreadable`. */
export function requestHead({ method, path, headers, rawHeaders, kind, sizeBytes }: RequestText): Buffer {
  if (beyondPath.test(path)) throw faults.RequestUnreadable({ part: "path" });
  const line = `${method} ${path} HTTP/1.1\r\n`;
  const host = headers.host === undefined ? "host: \r\n" : "";
  const isSized = kind !== "none" || headers["content-length"] !== undefined;
  const length = isSized ? `content-length: ${sizeBytes}\r\n` : "";
  const framing = kind === "chunked" ? "transfer-encoding: chunked\r\n" : length;
  return Buffer.from(`${line}${headerLines(rawHeaders, headers.connection)}${host}${framing}\r\n`, "latin1");
}

function headerLines(raw: readonly string[], connection: string | undefined): string {
  const named = connectionHeaders(connection);
  let lines = "";
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? "";
    const value = raw[i + 1] ?? "";
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || named?.has(lower) === true) continue;
    if (beyondText.test(value)) throw faults.RequestUnreadable({ part: `header ${lower}` });
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

function connectionHeaders(value: string | undefined): ReadonlySet<string> | undefined {
  if (value === undefined || value === "keep-alive" || value === "close") return undefined;
  const named = new Set(value.split(",").map((name) => name.trim().toLowerCase()));
  // Pods need a host, whatever the client's connection header lists: HTTP/1.1 requires one.
  named.delete("host");
  return named;
}
