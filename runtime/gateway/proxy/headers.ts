import type { IncomingMessage } from "node:http";
import { modelHeader, revisionHeader } from "../../contract/route-table.ts";

/** Headers that end at each connection (RFC 9110 §7.6.1), and those that the gateway answers itself. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  modelHeader,
]);

/** The client's headers as name, value, name, value …, without those that belong to its connection. */
export function requestHeaders(request: IncomingMessage): string[] {
  const raw = request.rawHeaders;
  const named = connectionHeaders(request.headers.connection);
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name, value] = [raw[i], raw[i + 1]];
    if (name === undefined || value === undefined) continue;
    const lower = name.toLowerCase();
    if (!hopByHop.has(lower) && !named.has(lower)) kept.push(name, value);
  }
  return kept;
}

/** The pod's headers without those of its connection, and with the revision that answered. */
export function responseHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  revision: string,
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !hopByHop.has(name)) kept[name] = value;
  }
  kept[revisionHeader] = revision;
  return kept;
}

function connectionHeaders(value: string | undefined): ReadonlySet<string> {
  if (value === undefined || value === "keep-alive" || value === "close") return new Set();
  return new Set(value.split(",").map((name) => name.trim().toLowerCase()));
}
