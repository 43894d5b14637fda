import type { Agent, IncomingMessage } from "node:http";
import { request } from "../../runtime/base/node-http.ts";

/** One request to a pod, with bounds on its time and on the size of the answer. */
export interface Pull {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** JSON that is sent by POST; absent: GET. */
  readonly body?: string;
  /** For connection, answer and body together. */
  readonly timeoutMs: number;
  readonly limitBytes: number;
  /** Keeps connections open; absent: the request opens one and closes it. */
  readonly agent?: Agent;
  /** Cancels the request. */
  readonly signal?: AbortSignal | undefined;
}

/** A whole answer, whatever its status. */
export interface PulledAnswer {
  readonly status: number;
  readonly text: string;
}

/** Rejects when there is no whole answer within the bounds. By Node's own client: `fetch` would load a second one, and keep it. */
export async function pulledAnswer({ host, port, path, body, agent, ...bounds }: Pull): Promise<PulledAnswer> {
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
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of response) {
    const bytes = Buffer.from(piece);
    sizeBytes += bytes.byteLength;
    if (sizeBytes > bounds.limitBytes) throw new Error(`more than ${bounds.limitBytes} bytes`);
    pieces.push(bytes);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString("utf8") };
}

/** The text of an answer of 200; rejects on any other. */
export async function pulledText(pull: Pull): Promise<string> {
  const { status, text } = await pulledAnswer(pull);
  if (status !== 200) throw new Error(`status ${status}`);
  return text;
}
