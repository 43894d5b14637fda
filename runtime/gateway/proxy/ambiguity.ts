import type { IncomingMessage } from "node:http";

/**
 * Why the next reader of a request could take it for another one than its sender meant; undefined: it cannot. Node's server lets
 * these pass: two hosts (RFC 9112 §3.2), codings below the chunks, which pods would take for the content, and chunks of HTTP/1.0,
 * which a proxy in front may not have seen (§6.1).
 */
export function ambiguity({ headers, httpVersion, rawHeaders }: IncomingMessage): string | undefined {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && httpVersion === "1.0") return "it is of HTTP/1.0 and has a transfer-encoding";
  if (coding !== undefined && coding.toLowerCase() !== "chunked")
    return `its transfer-encoding is ${coding}; must be chunked`;
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.length === 4 && name.toLowerCase() === "host");
  return hosts.length > 1 ? `it has ${hosts.length} headers host; must have one` : undefined;
}
