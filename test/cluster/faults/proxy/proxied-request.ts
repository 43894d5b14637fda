import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { type Agent, request as send } from "node:https";
import { buffer } from "node:stream/consumers";

/** A client's request, as `Rules` see it. */
export interface ProxiedRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly isWatch: boolean;
}

/** A request with the server's response; the body of a watch is left empty. */
export interface CompletedRequest extends ProxiedRequest {
  readonly status: number;
  readonly body: string;
}

/** A response in place of the server's. */
export interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Keeps the server's response from the client: the request is not forwarded (`before`), or answered by the server first (`after`). */
export interface Interception {
  readonly when: "before" | "after";
  /** Response for the client; absent: the client gets nothing and the connection stays open. */
  readonly refusal?: Refusal;
  /** Called at that moment. */
  readonly onInjected?: () => void;
}

/** The faults to inject. Rules may be replaced at any time; each request meets the rules in force when it comes. */
export interface Rules {
  /** Decides about a request; undefined: forwarded. */
  intercept: (request: ProxiedRequest) => Interception | undefined;
  /** Called for every response of the server, whether or not the client gets it. */
  onCompleted: (completed: CompletedRequest) => void;
  /** Replaces a chunk of a watch; `isCut` ends the watch after it. */
  alter: (chunk: Buffer) => { readonly chunk: Buffer; readonly isCut: boolean };
}

/** A request on its way through the proxy. */
export interface ProxyExchange {
  readonly rules: Rules;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upstream: { readonly url: string; readonly agent: Agent };
  /** Resolves while the proxy is not frozen. */
  readonly unfrozen: () => Promise<void>;
}

/** Proxies one request to its end. Never rejects: a broken connection on one side breaks the other. */
export async function proxyRequest(call: ProxyExchange): Promise<void> {
  const { request, response } = call;
  try {
    await forward(call, await buffer(request));
  } catch {
    response.destroy();
  }
}

async function forward({ rules, request, response, upstream, unfrozen }: ProxyExchange, body: Buffer): Promise<void> {
  await unfrozen();
  const { method = "", url: path = "" } = request;
  const proxied: ProxiedRequest = { method, path, isWatch: /[?&]watch=(true|1)\b/.test(path) };
  const interception = rules.intercept(proxied);
  if (interception?.when === "before") return inject(interception, response);
  const answer = await upstreamResponse(request, body, upstream);
  const { statusCode: status = 0 } = answer;
  if (proxied.isWatch && status < 300) {
    response.on("close", () => answer.destroy());
    rules.onCompleted({ ...proxied, status, body: "" });
    if (interception !== undefined) return inject(interception, response);
    response.writeHead(status, endToEnd(answer.headers)).flushHeaders();
    return relayWatch(answer, response, { rules, unfrozen });
  }
  const whole = await buffer(answer);
  rules.onCompleted({ ...proxied, status, body: whole.toString() });
  if (interception !== undefined) return inject(interception, response);
  await unfrozen();
  response.writeHead(status, endToEnd(answer.headers)).end(whole);
}

function inject({ refusal, onInjected }: Interception, response: ServerResponse): void {
  onInjected?.();
  if (refusal === undefined) return;
  const { status, headers, body } = refusal;
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
}

function upstreamResponse(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  upstream: ProxyExchange["upstream"],
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const passed = { ...endToEnd(headers), ...(body.length === 0 ? {} : { "content-length": body.length }) };
  send(new URL(url ?? "", upstream.url), { method, headers: passed, agent: upstream.agent })
    .on("response", resolve)
    .on("error", reject)
    .end(body);
  return promise;
}

async function relayWatch(
  answer: IncomingMessage,
  response: ServerResponse,
  { rules, unfrozen }: Pick<ProxyExchange, "rules" | "unfrozen">,
): Promise<void> {
  for await (const data of answer) {
    await unfrozen();
    const { chunk, isCut } = rules.alter(Buffer.from(data as Uint8Array)); // of a stream without encoding
    if (!isCut) response.write(chunk);
    else return void response.write(chunk, () => response.destroy());
  }
  response.end();
}

const perConnection = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "host"]);

function endToEnd(headers: IncomingMessage["headers"]): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !perConnection.has(name)));
}
