import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { errorCodes, nodeHttp2 } from "./node-http2.ts";

/** A request and its answer, as those of HTTP/1.1. */
export interface RestExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A request of HTTP/2 that a pod can get over HTTP/1.1, with what the older version says in headers of its own. */
export function restExchange(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
): RestExchange {
  const host = headers.host ?? headers[":authority"];
  const fields: IncomingHttpHeaders = host === undefined ? headers : Object.assign(headers, { host });
  // A body of unannounced length is what HTTP/1.1 calls chunked; without this it would be taken for none.
  if (fields["content-length"] === undefined && !stream.endAfterHeaders) fields["transfer-encoding"] = "chunked";
  const { Http2ServerRequest, Http2ServerResponse } = nodeHttp2();
  guardAnswer(stream);
  const request = new Http2ServerRequest(stream, fields, {}, plainHeaders(raw, host));
  const response = new Http2ServerResponse(stream);
  if (headers.expect?.toLowerCase() === "100-continue") response.writeContinue();
  // An answer that breaks off must not look as if it had ended.
  response.destroy = () => {
    stream.close(errorCodes.internalError);
    return response;
  };
  // The rest of a refused body is not wanted (RFC 9113 §8.1).
  stream.once("finish", () => {
    if (!stream.readableEnded && !stream.aborted) stream.close(errorCodes.noError);
  });
  return {
    request: request as unknown as IncomingMessage, // Node's compatibility API: made to stand for this type
    response: response as unknown as ServerResponse, // the same
  };
}

/** Of HTTP/1.1's connections: a message of HTTP/2 that has them is malformed (RFC 9113 §8.2.2). */
const connectionHeaders = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "te",
]);

/** Whatever headers a pod answers with: those that cannot be sent end one answer, not the gateway. */
function guardAnswer(stream: ServerHttp2Stream): void {
  const respond = stream.respond.bind(stream);
  stream.respond = (headers = {}, options) => {
    try {
      respond(isList(headers) ? headers : sendable(headers), options);
    } catch {
      stream.close(errorCodes.internalError);
    }
  };
}

function isList(headers: OutgoingHttpHeaders | readonly string[]): headers is readonly string[] {
  return Array.isArray(headers);
}

/** Values of one name as one, which means the same (RFC 9110 §5.3); Node refuses to send some of them twice. */
function sendable(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (connectionHeaders.has(name)) continue;
    kept[name] = Array.isArray(value) && name !== "set-cookie" ? value.join(", ") : value;
  }
  return kept;
}

/** Names and values without HTTP/2's own; cookies, which it takes apart, in one again (RFC 9113 §8.2.3). */
function plainHeaders(raw: readonly string[], host: string | undefined): string[] {
  const kept: string[] = host === undefined ? [] : ["host", host];
  const cookies: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name, value] = [raw[i], raw[i + 1]];
    if (name === undefined || value === undefined || name.startsWith(":") || name === "host") continue;
    if (name === "cookie") cookies.push(value);
    else kept.push(name, value);
  }
  return cookies.length === 0 ? kept : [...kept, "cookie", cookies.join("; ")];
}
