import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { errors, type Dispatcher } from "undici";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { announcedBytes, requestBody, type RequestBody } from "./body.ts";
import { faults } from "../faults.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { anyRevision, firstTarget, isServable, nextTarget, type Target } from "../routing/choice.ts";
import { enterHold, leaveHold, type Waiter } from "../routing/hold.ts";
import type { LivePod, LiveRevision, LiveRoute } from "../routing/live.ts";
import type { Upstreams } from "./upstream.ts";

/** What every request through this gateway shares. */
export interface ProxyParts {
  readonly upstreams: Upstreams;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told when a request has to wait because nothing is ready. */
  readonly wake: (key: string) => void;
}

/** One request on its way: the client's side and where it may go. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly live: LiveRoute;
  /** Aborts when the client leaves or the deadline passes; its reason is a fault or `clientLeft`. */
  readonly signal: AbortSignal;
}

/** The reason of a signal whose client closed its connection: nobody is there to answer. */
export const clientLeft = Symbol("the client closed its connection");

/** A pod that breaks off before its first byte is left for another one at most this often. */
const attempts = 3;
/** A pod that takes no connection never saw the request: others are tried, and itself again, for this long. */
const unreachedMs = 5_000;
/** Between two tries of one pod. The table, which lags behind a pod's end by the time of a few messages, may name another then. */
const unreachedPauseMs = 50;
/** What connecting fails with (Node's system errors, undici). */
const unreachedCodes = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT"]);

/**
 * Sends one request to a pod of its route and streams the answer back. Waits while nothing is ready, or nothing that is
 * said to be ready can be reached; goes to another pod when one breaks off before the first byte of its answer and the
 * body can be sent again. Inference changes nothing on the server, so sending it twice is safe. Returns the revision that
 * answered.
 */
export async function proxied(exchange: Exchange, parts: ProxyParts): Promise<string> {
  const { live, request, signal } = exchange;
  if (announcedBytes(request) > live.route.bodyBytes) await requestBody(request, live.route.bodyBytes);
  if (!isServable(live, anyRevision)) await held(exchange, parts);
  const body = await requestBody(request, live.route.bodyBytes);
  const tries: Tries = {
    revision: undefined,
    failed: new Set(),
    brokenOff: 0,
    unreachedUntilMs: parts.clock.monotonic() + unreachedMs,
  };
  for (;;) {
    const target = await readyTarget(exchange, tries, parts);
    try {
      await sent(exchange, target, body, parts);
      return target.revision.hash;
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      if (body instanceof Readable) throw endpointFault(live, target, body.errored ?? thrown);
      if (!isUnreached(thrown)) tries.brokenOff += 1;
      if (isOver(tries, exchange, parts)) throw endpointFault(live, target, thrown);
      await noted(target, tries, exchange, parts);
    }
  }
}

/** What one request has met so far. */
interface Tries {
  /** Of the first choice. */
  revision: LiveRevision | undefined;
  readonly failed: Set<LivePod>;
  brokenOff: number;
  readonly unreachedUntilMs: number;
}

function isOver({ brokenOff, unreachedUntilMs }: Tries, { response }: Exchange, { clock }: ProxyParts): boolean {
  return response.headersSent || brokenOff === attempts || clock.monotonic() > unreachedUntilMs;
}

/** A pod that fails for the second time is all there is: it gets a pause. */
async function noted({ pod }: Target, { failed }: Tries, { signal }: Exchange, { clock }: ProxyParts) {
  if (failed.has(pod)) await clock.sleep(unreachedPauseMs, signal);
  failed.add(pod);
}

function isUnreached(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && unreachedCodes.has(String(thrown.code));
}

async function readyTarget(exchange: Exchange, tries: Tries, parts: ProxyParts): Promise<Target> {
  const { live } = exchange;
  const picked = { random: parts.random, monotonic: () => parts.clock.monotonic() };
  for (;;) {
    const { revision, failed } = tries;
    const target =
      revision === undefined
        ? firstTarget(live, anyRevision, picked)
        : nextTarget(live, anyRevision, { revision, tried: failed }, picked);
    if (target !== undefined) {
      tries.revision ??= target.revision;
      return target;
    }
    await held(exchange, parts);
  }
}

async function held({ live, request, signal }: Exchange, parts: ProxyParts): Promise<void> {
  const { key, hold } = live.route;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const waiter: Waiter = {
    wish: anyRevision,
    sizeBytes: announcedBytes(request),
    sinceMs: parts.clock.monotonic(),
    release: resolve,
  };
  parts.wake(key);
  enterHold(live, waiter);
  const left = (): void => reject(signal.reason);
  const cancelTimer = parts.clock.after(hold.timeoutMs, () =>
    reject(faults.HoldTimedOut({ key, timeoutMs: hold.timeoutMs })),
  );
  signal.addEventListener("abort", left, { once: true });
  try {
    await promise;
  } finally {
    cancelTimer();
    signal.removeEventListener("abort", left);
    leaveHold(live, waiter);
  }
}

async function sent(exchange: Exchange, target: Target, body: RequestBody, parts: ProxyParts): Promise<void> {
  const { request, live, signal } = exchange;
  target.pod.outstanding += 1;
  live.traffic.admitted += 1;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const handler = answerHandler(exchange, target, { resolve, reject });
  try {
    parts.upstreams.pool(target.pod).dispatch(
      {
        method: request.method ?? "GET",
        path: request.url ?? "/",
        headers: requestHeaders(request),
        body,
      },
      handler.dispatch,
    );
    signal.addEventListener("abort", handler.abort, { once: true });
    await promise;
  } finally {
    signal.removeEventListener("abort", handler.abort);
    target.pod.outstanding -= 1;
    live.traffic.admitted -= 1;
  }
}

interface Ending {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Streams an answer to the client, at the client's pace. */
function answerHandler(exchange: Exchange, target: Target, ending: Ending) {
  const { response, signal } = exchange;
  let controller: Dispatcher.DispatchController | undefined;
  const abort = (): void => {
    controller?.abort(new errors.RequestAbortedError("aborted by the gateway"));
    ending.reject(signal.reason);
  };
  const dispatch: Dispatcher.DispatchHandler = {
    onRequestStart: (started) => {
      controller = started;
      if (signal.aborted) abort();
    },
    onResponseStart: (started, status, headers) => {
      if (status === 503 && target.pod.isLeaving) {
        started.abort(new Error(`pod ${target.pod.endpoint.pod} is terminating`));
        return;
      }
      response.writeHead(status, responseHeaders(headers, target.revision.hash));
    },
    onResponseData: (started, chunk) => {
      if (response.write(chunk)) return;
      started.pause();
      response.once("drain", () => started.resume());
    },
    onResponseEnd: () => {
      response.end();
      ending.resolve();
    },
    onResponseError: (_controller, error) => ending.reject(error),
  };
  return { dispatch, abort };
}

function endpointFault(live: LiveRoute, { pod }: Target, thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const cause = thrown instanceof Error ? thrown.message : String(thrown);
  return faults.EndpointFailed({ key: live.route.key, pod: pod.endpoint.pod, cause }, thrown);
}
