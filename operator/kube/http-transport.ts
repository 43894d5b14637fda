import { type Clock, systemClock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { Connection, Credentials } from "./config.ts";
import { kubeFaults } from "./faults.ts";
import type { ConnectionPool } from "./http/connection-pool.ts";
import { type Addressed, headerLines, requestText } from "./http/request-text.ts";
import { createCredentialRotation, type AuthenticatedConnections } from "./http/credential-rotation.ts";
import type { StreamedResponse, Streams } from "./http/streams.ts";
import { errorText } from "./http/error-text.ts";
import type { KubeRequest, KubeResponse, Transport } from "./transport.ts";

/** Where the API server is and who asks. */
export interface HttpTransportOptions {
  readonly connection: Connection;
  readonly clock?: Clock;
  /** Sent as User-Agent; servers log it. */
  readonly userAgent?: string;
}

/** For requests that name no time-out of their own. */
const defaultTimeoutMs = 30_000;

/** What all requests with the same credentials say; a request may say something else. */
interface ClientHeaders {
  readonly credentials: Credentials;
  readonly headers: Readonly<Record<string, string>>;
  /** Its headers as they are sent. */
  readonly lines: string;
}

/**
 * A transport over HTTP/1.1 with kept-alive connections, all of one server. Responses are read by a client of our own: Node's
 * costs four times the processor time per request, which was half of what an operator needed, and 2.5 times that of a stream.
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const { connection, clock = systemClock, userAgent = "modelwright" } = options;
  const session = createCredentialRotation(connection, clock);

  const server = new URL(connection.server);
  const prefix = server.pathname.replace(/\/$/, "");
  const { host } = server;
  let kept: ClientHeaders | undefined;
  const clientHeaders = (credentials: Credentials): ClientHeaders => {
    if (kept?.credentials !== credentials) {
      const headers = { host, "user-agent": userAgent, ...credentials.headers };
      kept = { credentials, headers, lines: headerLines(headers) };
    }
    return kept;
  };
  const addressed = ({ method, path, headers = {}, body }: KubeRequest, { credentials }: AuthenticatedConnections): Addressed => {
    const { headers: shared, lines } = clientHeaders(credentials);
    const replaces = Object.keys(headers).some((name) => name in shared);
    return {
      method,
      path: prefix + path,
      ...(replaces ? { headers: { ...shared, ...headers } } : { commonLines: lines, headers }),
      ...(body === undefined ? {} : { body }),
    };
  };
  return {
    async send(request) {
      const deadline = startDeadline(request, clock);
      try {
        const entry = await session.current();
        const response = await responseTo(addressed(request, entry), entry.pool, deadline);
        if (response.status !== 401) return response;
        const renewed = await session.renewed(entry);
        return await responseTo(addressed(request, renewed), renewed.pool, deadline);
      } catch (thrown) {
        throw deadline.faultOf(thrown, "waiting");
      } finally {
        deadline.cancel();
      }
    },
    async open(request) {
      const deadline = startDeadline(request, clock);
      const asked = (entry: AuthenticatedConnections): Promise<StreamedResponse> =>
        startOf({ ...addressed(request, entry), signal: request.signal }, entry.streams, deadline);
      try {
        const entry = await session.current();
        const response = await asked(entry);
        if (response.status !== 401) return response;
        response.close();
        return await asked(await session.renewed(entry));
      } catch (thrown) {
        throw deadline.faultOf(thrown, "waiting");
      } finally {
        deadline.cancel();
      }
    },
    close: () => session.close(),
  };
}

/** Sends a request; the whole response to it. A refused token is replaced once: it may have run out since it was read. */
function responseTo(asked: Addressed, pool: ConnectionPool, deadline: Deadline): Promise<KubeResponse> {
  return new Promise((resolve, reject) => {
    if (deadline.isOver()) return reject(new Error("too late"));
    const sent = pool.send(requestText(asked), {
      onResponse: ({ status, headers, body }) => resolve({ status, headers, body }),
      onError: (error, isInBody) => reject(deadline.faultOf(error, isInBody ? "reading" : "waiting")),
    });
    return deadline.onEnd(() => {
      sent.cancel();
      reject(new Error("too late"));
    });
  });
}

interface AskedStream extends Addressed {
  /** Ends the stream, also after its head has come. */
  readonly signal: AbortSignal | undefined;
}

/** Sends a request; its response once the head has come, whose body fails with the connection or with the signal. */
async function startOf(asked: AskedStream, streams: Streams, deadline: Deadline): Promise<StreamedResponse> {
  if (deadline.isOver()) throw new Error("too late");
  const { signal } = asked;
  const abort = (): void => opening.end(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
  const opening = streams.open(requestText(asked), () => signal?.removeEventListener("abort", abort));
  deadline.onEnd(abort);
  signal?.addEventListener("abort", abort, { once: true });
  return await opening.response;
}

/** How far a request had come when it failed. */
type Stage = "waiting" | "reading";

/** What may end a request before its time: its time-out and its caller. */
interface Deadline {
  isOver(): boolean;
  /** What is to be done at its end; the last one told counts. */
  onEnd(end: () => void): void;
  /** From here on nothing is ended. */
  cancel(): void;
  faultOf(thrown: unknown, stage: Stage): Fault;
}

function startDeadline(request: KubeRequest, clock: Clock): Deadline {
  const { timeoutMs = defaultTimeoutMs, signal } = request;
  let isTimedOut = false;
  let end = (): void => {};
  const abort = (): void => end();
  const cancelTimer = clock.after(timeoutMs, () => {
    isTimedOut = true;
    end();
  });
  signal?.addEventListener("abort", abort, { once: true });
  return {
    // Not a getter: V8 makes a shape of its own for each object that is written with one, which keeps the request and its answer.
    isOver: () => isTimedOut || signal?.aborted === true,
    onEnd: (next) => void (end = next),
    cancel() {
      cancelTimer();
      signal?.removeEventListener("abort", abort);
    },
    faultOf(thrown, stage) {
      if (thrown instanceof Fault) return thrown;
      const operation = `${request.method} ${request.path}`;
      if (signal?.aborted === true) return kubeFaults.Aborted({ operation }, thrown);
      if (isTimedOut) return kubeFaults.DeadlineExceeded({ operation, timeoutMs: Math.round(timeoutMs) });
      const fault = stage === "reading" ? kubeFaults.BrokenResponse : kubeFaults.NoResponse;
      return fault({ operation, cause: errorText(thrown) }, thrown);
    },
  };
}
