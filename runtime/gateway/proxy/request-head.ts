import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import { modelHeader } from "../../contract/route-table.ts";
import { faults } from "../faults.ts";
import type { BodyKind } from "./body.ts";

/** Headers that end at each connection (RFC 9110 §7.6.1), that say how long the body is, and those that the gateway answers itself. */
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

/** What may stand in a header or a path: a character beyond them would become another one on the wire, or end the line. */
const beyondText = /[^\t\x20-\x7e\x80-\xff]/;
const beyondPath = /[^\x21-\x7e\x80-\xff]/;

interface RequestText {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly kind: BodyKind;
  /** Of a kept body its size, of a sized one what its client announced. */
  readonly sizeBytes: number;
}

/** Request line and headers for a pod: the client's, without those of its connection. Throws `RequestUnreadable`. */
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
  // It is for pods, whatever a client says: HTTP/1.1 knows no request without.
  named.delete("host");
  return named;
}
