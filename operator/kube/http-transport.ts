import type { Dispatcher } from "undici";
import request from "undici/lib/api/api-request.js";
import Agent from "undici/lib/dispatcher/agent.js";

import { type Clock, systemClock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { Connection, Credentials } from "./config.ts";
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

  const exchanged = (asked: KubeRequest, deadline: Deadline, entry: Entry): Promise<Dispatcher.ResponseData> =>
    request.call(entry.dispatcher, {
      origin: connection.server,
      path: asked.path,
      method: asked.method,
      headers: { "user-agent": userAgent, ...entry.credentials.headers, ...asked.headers },
      body: asked.body ?? null,
      signal: deadline.signal,
    });
  /** A refused token is replaced once: it may have run out since it was read. */
  const admitted = async (request: KubeRequest, deadline: Deadline): Promise<Dispatcher.ResponseData> => {
    const entry = await session.current();
    const response = await exchanged(request, deadline, entry);
    if (response.statusCode !== 401) return response;
    await response.body.dump();
    return exchanged(request, deadline, await session.renewed(entry));
  };
  return {
    async send(request) {
      const deadline = startDeadline(request, clock);
      let stage: Stage = "waiting";
      try {
        const response = await admitted(request, deadline);
        stage = "reading";
        return { ...headOf(response), body: await response.body.text() } satisfies KubeResponse;
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

/** How far a request had come when it failed. */
type Stage = "waiting" | "reading";

function headOf({ statusCode, headers }: Dispatcher.ResponseData): Omit<KubeResponse, "body"> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return { status: statusCode, headers: plain };
}

function streamOf(response: Dispatcher.ResponseData): KubeStream {
  // Closed before it was read, the body fails with nobody there to hear.
  response.body.on("error", () => {});
  return { ...headOf(response), chunks: response.body, close: () => void response.body.destroy() };
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
  readonly dispatcher: Dispatcher;
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
  const retired: Dispatcher[] = [];

  const load = async (fresh: boolean): Promise<Entry> => {
    const credentials = await read(connection, fresh);
    const isKept = settled !== undefined && isSameTls(settled.credentials, credentials);
    if (settled !== undefined && !isKept) retired.push(settled.dispatcher);
    const dispatcher = isKept ? settled?.dispatcher : undefined;
    settled = { credentials, dispatcher: dispatcher ?? (await dispatcherFor(connection, credentials)) };
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
    current: () => (entry === undefined || clock.monotonic() - readMs > rereadAfterMs ? reload(false) : entry),
    renewed(refused) {
      if (settled !== refused && entry !== undefined) return entry;
      renewal ??= reload(true).finally(() => (renewal = undefined));
      return renewal;
    },
    async close() {
      const dispatchers = [...retired, ...(settled === undefined ? [] : [settled.dispatcher])];
      await Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
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

async function dispatcherFor({ proxyUrl }: Connection, { tls }: Credentials): Promise<Dispatcher> {
  // Times are limited by our own deadlines; a watch may be silent for minutes. 30 s: below the idle limits of load
  // balancers, as client-go.
  const limits = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 60_000 };
  const sockets = { keepAlive: true, keepAliveInitialDelay: 30_000 };
  if (proxyUrl === undefined) return new Agent({ ...limits, connect: { ...sockets, ...tls } });
  const { ProxyAgent } = await import("undici");
  return new ProxyAgent({ ...limits, uri: proxyUrl, requestTls: tls, connect: sockets });
}
