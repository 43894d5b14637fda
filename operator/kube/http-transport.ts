import type { Agent, AgentOptions, ClientRequestArgs, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";

import { type Clock, systemClock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import { request as startRequest } from "../../runtime/base/node-http.ts";
import type { Connection, Credentials, TlsFacts } from "./config.ts";
import { kubeFaults } from "./faults.ts";
import type { KubeRequest, KubeResponse, KubeStream, Transport } from "./transport.ts";

export interface HttpTransportOptions {
  readonly connection: Connection;
  readonly clock?: Clock;
  /** Sent as User-Agent; servers log it. */
  readonly userAgent?: string;
}

/** For requests that name no time-out of their own. */
const defaultTimeoutMs = 30_000;

/** A transport over HTTP/1.1 with kept-alive connections, all of one server. */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const { connection, clock = systemClock, userAgent = "modelwright" } = options;
  const session = createSession(connection, clock);

  const server = new URL(connection.server);
  const prefix = server.pathname.replace(/\/$/, "");
  const answered = (asked: KubeRequest, { signal }: Deadline, entry: Entry): Promise<IncomingMessage> =>
    answerOf({
      ...asked,
      server,
      path: prefix + asked.path,
      headers: { "user-agent": userAgent, ...entry.credentials.headers, ...asked.headers },
      signal,
      agent: entry.agent,
    });
  /** A refused token is replaced once: it may have run out since it was read. */
  const admitted = async (request: KubeRequest, deadline: Deadline): Promise<IncomingMessage> => {
    const entry = await session.current();
    const response = await answered(request, deadline, entry);
    if (response.statusCode !== 401) return response;
    response.resume();
    return answered(request, deadline, await session.renewed(entry));
  };
  return {
    async send(request) {
      const deadline = startDeadline(request, clock);
      let stage: Stage = "waiting";
      try {
        const response = await admitted(request, deadline);
        stage = "reading";
        return { ...headOf(response), body: await textOf(response) } satisfies KubeResponse;
      } catch (thrown) {
        throw deadline.faultOf(thrown, stage);
      } finally {
        deadline.cancel();
      }
    },
    async open(request) {
      const deadline = startDeadline(request, clock);
      try {
        return streamOf(await admitted(request, deadline));
      } catch (thrown) {
        throw deadline.faultOf(thrown, "waiting");
      } finally {
        deadline.cancel();
      }
    },
    close: () => session.close(),
  };
}

interface AgentRequest extends KubeRequest {
  readonly server: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly agent: Agent;
}

/** Sends a request; its response once the head has come, whose body fails with the connection or with the signal. */
async function answerOf(asked: AgentRequest): Promise<IncomingMessage> {
  const { server, path, method, headers, body, signal, agent } = asked;
  signal.throwIfAborted();
  // Node sends no length of a DELETE's body by itself.
  const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  const request = startRequest(server, { path, method, agent, headers: { ...headers, ...length } });
  const answer = Promise.withResolvers<IncomingMessage>();
  let response: IncomingMessage | undefined;
  const abort = (): unknown => request.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  signal.addEventListener("abort", abort, { once: true });
  request
    .on("close", () => signal.removeEventListener("abort", abort))
    .on("response", (head) => {
      // Given up before it was read, the body fails with nobody there to hear.
      response = head.on("error", () => {});
      answer.resolve(head);
    })
    .on("error", (error) => {
      response?.destroy(error);
      answer.reject(error);
    })
    .end(body);
  return await answer.promise;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of response.setEncoding("utf8")) text += String(piece);
  return text;
}

/** How far a request had come when it failed. */
type Stage = "waiting" | "reading";

function headOf({ statusCode = 0, headers }: IncomingMessage): Omit<KubeResponse, "body"> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return { status: statusCode, headers: plain };
}

function streamOf(response: IncomingMessage): KubeStream {
  return { ...headOf(response), chunks: response, close: () => void response.destroy() };
}

interface Deadline {
  readonly signal: AbortSignal;
  /** From here on only the caller's own signal ends the request. */
  cancel(): void;
  faultOf(thrown: unknown, stage: Stage): Fault;
}

function startDeadline(request: KubeRequest, clock: Clock): Deadline {
  const { timeoutMs = defaultTimeoutMs } = request;
  const operation = `${request.method} ${request.path}`;
  const ending = new AbortController();
  const cancel = clock.after(timeoutMs, () => ending.abort());
  return {
    signal: request.signal === undefined ? ending.signal : AbortSignal.any([request.signal, ending.signal]),
    cancel,
    faultOf(thrown, stage) {
      if (thrown instanceof Fault) return thrown;
      if (request.signal?.aborted === true) return kubeFaults.Aborted({ operation }, thrown);
      if (ending.signal.aborted) return kubeFaults.DeadlineExceeded({ operation, timeoutMs: Math.round(timeoutMs) });
      const fault = stage === "reading" ? kubeFaults.BrokenResponse : kubeFaults.NoResponse;
      return fault({ operation, cause: wordsOf(thrown) }, thrown);
    },
  };
}

/** Some network errors carry a code and no message. */
function wordsOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown.message !== "") return thrown.message;
  return "code" in thrown ? String(thrown.code) : thrown.name;
}

interface Entry {
  readonly credentials: Credentials;
  readonly agent: Agent;
}

/** The credentials in use and the connections that were made with them. */
interface Session {
  current(): Promise<Entry>;
  /** With credentials made anew; all who saw the same refused ones wait for one and the same renewal. */
  renewed(refused: Entry): Promise<Entry>;
  close(): Promise<void>;
}

/** A token file may be replaced at any time; client-go reads it again after this long. */
const rereadAfterMs = 60_000;

function createSession(connection: Connection, clock: Clock): Session {
  let entry: Promise<Entry> | undefined;
  let settled: Entry | undefined;
  let renewal: Promise<Entry> | undefined;
  let readMs = 0;
  const retired: Agent[] = [];
  let isClosed = false;

  const load = async (fresh: boolean): Promise<Entry> => {
    const credentials = await read(connection, fresh);
    const isKept = settled !== undefined && isSameTls(settled.credentials, credentials);
    if (settled !== undefined && !isKept) retired.push(settled.agent);
    settled = {
      credentials,
      agent: isKept && settled !== undefined ? settled.agent : agentFor(connection, credentials),
    };
    return settled;
  };
  const reload = (fresh: boolean): Promise<Entry> => {
    readMs = clock.monotonic();
    entry = load(fresh);
    // The next request tries again.
    entry.catch(() => (entry = undefined));
    return entry;
  };
  return {
    current() {
      if (isClosed) return Promise.reject(new Error("the transport is closed"));
      return entry === undefined || clock.monotonic() - readMs > rereadAfterMs ? reload(false) : entry;
    },
    renewed(refused) {
      if (settled !== refused && entry !== undefined) return entry;
      renewal ??= reload(true).finally(() => (renewal = undefined));
      return renewal;
    },
    close() {
      isClosed = true;
      for (const agent of [...retired, ...(settled === undefined ? [] : [settled.agent])]) agent.destroy();
      return Promise.resolve();
    },
  };
}

async function read(connection: Connection, fresh: boolean): Promise<Credentials> {
  try {
    return await connection.credentials(fresh);
  } catch (thrown) {
    throw kubeFaults.NoCredentials({ server: connection.server, cause: wordsOf(thrown) }, thrown);
  }
}

function isSameTls({ tls: one }: Credentials, { tls: other }: Credentials): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Closes connections after this idle time; an API server does after 90 s. */
const idleMs = 60_000;
/** Below the idle limits of load balancers, as client-go. Also finds out that the other end of a silent watch is gone. */
const probeAfterMs = 30_000;

/**
 * Keeps connections; their times are limited by our own deadlines, as a watch may be silent for minutes. Built-in modules
 * are taken when they are needed, and by a call: see `node-http.ts`; TLS costs 6 MB.
 */
function agentFor({ server, proxyUrl }: Connection, { tls }: Credentials): Agent {
  const kept: AgentOptions = { keepAlive: true, keepAliveMsecs: probeAfterMs, timeout: idleMs };
  const isSecure = server.startsWith("https:");
  const agent = isSecure ? secureAgent(kept, tls) : new (process.getBuiltinModule("node:http").Agent)(kept);
  if (proxyUrl !== undefined) agent.createConnection = connectionThrough(new URL(proxyUrl), isSecure);
  return agent;
}

function secureAgent(kept: AgentOptions, { ca, cert, key, ...names }: TlsFacts): Agent {
  // Made once: by itself Node reads the certificates again for each connection.
  const secureContext = process.getBuiltinModule("node:tls").createSecureContext({ ca, cert, key });
  return new (process.getBuiltinModule("node:https").Agent)({ ...kept, ...names, secureContext });
}

type Opened = (error: Error | null, stream?: Duplex) => void;

/** Asks a proxy for a tunnel, and speaks through it as over any connection. */
function connectionThrough(proxy: URL, isSecure: boolean): Agent["createConnection"] {
  const { request: ask } = process.getBuiltinModule(proxy.protocol === "https:" ? "node:https" : "node:http");
  const account = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const login = { "proxy-authorization": `Basic ${Buffer.from(account).toString("base64")}` };
  const connect = ({ host: name, port, ...options }: ClientRequestArgs, opened: Opened = () => {}): undefined => {
    const host = name ?? "localhost";
    const path = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const headers = { host: path, ...(account === ":" ? {} : login) };
    const tunnel = ask(proxy, { method: "CONNECT", path, headers, agent: false, timeout: defaultTimeoutMs });
    tunnel
      .on("connect", ({ statusCode }, socket) => {
        if (statusCode !== 200) {
          const refusal = new Error(`the proxy ${proxy.host} answered CONNECT ${path} with ${statusCode}`);
          return opened(refusal, socket.destroy());
        }
        const tls = isSecure ? process.getBuiltinModule("node:tls") : undefined;
        return opened(null, tls?.connect({ ...options, host, socket } as ConnectionOptions) ?? socket); // of an https agent
      })
      .on("timeout", () => tunnel.destroy(new Error(`the proxy ${proxy.host} is silent`)))
      .on("error", opened)
      .end();
    return undefined;
  };
  return connect as Agent["createConnection"]; // which says that a failure has a stream, too
}
