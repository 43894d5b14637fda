import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { type Agent, request as send } from "node:https";
import { buffer } from "node:stream/consumers";

/** One request of a client, as rules look at it. */
export interface ProxiedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly isWatch: boolean;
}

/** A request with what the server answered; of a watch only that it began. */
export interface Exchanged extends ProxiedRequest {
  readonly status: number;
  readonly body: string;
}

/** An answer in the server's place. */
export interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a request is kept from its answer: the server gets it not at all (`before`), or answers it (`after`). */
export interface Verdict {
  readonly when: "before" | "after";
  /** What the client gets; absent: nothing, and the connection stays open. */
  readonly refusal?: Refusal;
  /** Told at that moment. */
  readonly onPassed?: () => void;
}

/** What a proxy does with what passes. Changed at any time; each request meets those of its moment. */
export interface Rules {
  /** Undefined: the request is passed on. */
  judge: (request: ProxiedRequest) => Verdict | undefined;
  /** Told of everything that the server has answered, whether the client learns of it or not. */
  onExchange: (exchanged: Exchanged) => void;
  /** What a client gets of a piece of its watch; a watch that is cut ends with it. */
  alter: (piece: Buffer) => { readonly piece: Buffer; readonly isCut: boolean };
}

export interface ProxiedCall {
  readonly rules: Rules;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upstream: { readonly url: string; readonly agent: Agent };
  /** Resolves when something may move. */
  readonly moving: () => Promise<void>;
}

/** Plays one request to its end. Never rejects: what breaks on one side is broken off on the other. */
export async function playCall(call: ProxiedCall): Promise<void> {
  const { request, response } = call;
  try {
    await played(call, await buffer(request));
  } catch {
    response.destroy();
  }
}

async function played({ rules, request, response, upstream, moving }: ProxiedCall, body: Buffer): Promise<void> {
  await moving();
  const { method = "", url: path = "" } = request;
  const asked: ProxiedRequest = { method, path, isWatch: /[?&]watch=(true|1)\b/.test(path) };
  const verdict = rules.judge(asked);
  if (verdict?.when === "before") return conclude(verdict, response);
  const answer = await answered(request, body, upstream);
  const { statusCode: status = 0 } = answer;
  if (asked.isWatch && status < 300) {
    response.on("close", () => answer.destroy());
    rules.onExchange({ ...asked, status, body: "" });
    if (verdict !== undefined) return conclude(verdict, response);
    response.writeHead(status, endToEnd(answer.headers)).flushHeaders();
    return relayWatch(answer, response, { rules, moving });
  }
  const whole = await buffer(answer);
  rules.onExchange({ ...asked, status, body: whole.toString() });
  if (verdict !== undefined) return conclude(verdict, response);
  await moving();
  response.writeHead(status, endToEnd(answer.headers)).end(whole);
}

function conclude({ refusal, onPassed }: Verdict, response: ServerResponse): void {
  onPassed?.();
  if (refusal === undefined) return;
  const { status, headers, body } = refusal;
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
}

function answered(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  upstream: ProxiedCall["upstream"],
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
  { rules, moving }: Pick<ProxiedCall, "rules" | "moving">,
): Promise<void> {
  for await (const chunk of answer) {
    await moving();
    const { piece, isCut } = rules.alter(Buffer.from(chunk as Uint8Array)); // of a stream without encoding
    if (!isCut) response.write(piece);
    else return void response.write(piece, () => response.destroy());
  }
  response.end();
}

const perConnection = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "host"]);

function endToEnd(headers: IncomingMessage["headers"]): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !perConnection.has(name)));
}
