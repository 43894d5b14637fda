import type { IncomingMessage } from "node:http";
import { requestTarget } from "./request-target.ts";

/**
 * Why the next reader of a request could take it for another one than its sender meant; undefined: it cannot. Node's server lets
 * these pass: two hosts (RFC 9112 §3.2), codings below the chunks, which pods would take for the content, and chunks of HTTP/1.0,
 * which a proxy in front may not have seen (§6.1); targets of other schemes, and those whose host is empty or names a user (RFC 9110
 * §4.2.1 and 4.2.4).
 */
export function ambiguity(request: IncomingMessage): string | undefined {
  const { headers, httpVersion, rawHeaders } = request;
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && httpVersion === "1.0") return "it is of HTTP/1.0 and has a transfer-encoding";
  if (coding !== undefined && coding.toLowerCase() !== "chunked")
    return `its transfer-encoding is ${coding}; must be chunked`;
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.length === 4 && name.toLowerCase() === "host");
  if (hosts.length > 1) return `it has ${hosts.length} headers host; must have one`;
  const { host, path } = requestTarget(request);
  if (!path.startsWith("/") && path !== "*") return `its target is ${path}; must be a path or of http`;
  return host === undefined || isHost.test(host) ? undefined : `its target names the host ${JSON.stringify(host)}`;
}

const isHost = /^[^@]+$/;
