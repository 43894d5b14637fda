import type { Agent, IncomingMessage } from "node:http";
import { request } from "../../runtime/base/node-http.ts";

/** One HTTP request, with limits on its duration and on the size of the response. */
export interface HttpRequest {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** JSON to POST; absent: GET. */
  readonly body?: string;
  /** Time for the connection, the response and its body together. */
  readonly timeoutMs: number;
  readonly limitBytes: number;
  /** Keeps connections open; absent: the request uses a connection of its own. */
  readonly agent?: Agent;
  /** Cancels the request. */
  readonly signal?: AbortSignal | undefined;
}

/** A complete response, whatever its status. */
export interface HttpResponse {
  readonly status: number;
  readonly text: string;
}

/** Sends a request; rejects without a complete response within the limits. Uses node:http, because `fetch` would load a second client and keep it. */
export async function sendRequest({ host, port, path, body, agent, ...bounds }: HttpRequest): Promise<HttpResponse> {
  const timeout = AbortSignal.timeout(bounds.timeoutMs);
  const signal = bounds.signal === undefined ? timeout : AbortSignal.any([timeout, bounds.signal]);
  const answer = Promise.withResolvers<IncomingMessage>();
  const headers =
    body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const method = body === undefined ? "GET" : "POST";
  request({ host, port, path, method, headers, agent: agent ?? false, signal })
    .on("response", answer.resolve)
    .on("error", answer.reject)
    .end(body);
  const response = await answer.promise;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    sizeBytes += bytes.byteLength;
    if (sizeBytes > bounds.limitBytes) throw new Error(`more than ${bounds.limitBytes} bytes`);
    chunks.push(bytes);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") };
}

/** Sends a request and returns the body of a 200 response; rejects on any other status. */
export async function requestText(request: HttpRequest): Promise<string> {
  const { status, text } = await sendRequest(request);
  if (status !== 200) throw new Error(`status ${status}`);
  return text;
}
