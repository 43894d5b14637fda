import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { errors, type Dispatcher } from "undici";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Endpoint, RevisionRoute } from "../../contract/route-table.ts";
import { announcedBytes, requestBody, type RequestBody } from "./body.ts";
import { faults } from "../faults.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { heldUntilReady } from "../routing/hold.ts";
import { endpointAddress, leastOutstanding } from "../routing/pick.ts";
import { nextRevision } from "../routing/split.ts";
import type { LiveRoute } from "../routing/table.ts";
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

interface Target {
  readonly revision: RevisionRoute;
  readonly endpoint: Endpoint;
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
  if (nextTarget(live, new Set(), parts, true) === undefined) await held(exchange, parts);
  const body = await requestBody(request, live.route.bodyBytes);
  const tries: Tries = {
    failed: new Set(),
    brokenOff: 0,
    unreachedUntilMs: parts.clock.monotonic() + unreachedMs,
  };
  for (;;) {
    const target = await readyTarget(exchange, tries.failed, parts);
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
  readonly failed: Set<string>;
  brokenOff: number;
  readonly unreachedUntilMs: number;
}

function isOver({ brokenOff, unreachedUntilMs }: Tries, { response }: Exchange, { clock }: ProxyParts): boolean {
  return response.headersSent || brokenOff === attempts || clock.monotonic() > unreachedUntilMs;
}

/** A pod that fails for the second time is all there is: it gets a pause. */
async function noted({ endpoint }: Target, { failed }: Tries, { signal }: Exchange, { clock }: ProxyParts) {
  const address = endpointAddress(endpoint);
  if (failed.has(address)) await clock.sleep(unreachedPauseMs, signal);
  failed.add(address);
}

function isUnreached(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && unreachedCodes.has(String(thrown.code));
}

async function readyTarget(exchange: Exchange, failed: ReadonlySet<string>, parts: ProxyParts): Promise<Target> {
  for (;;) {
    const target = nextTarget(exchange.live, failed, parts, false);
    if (target !== undefined) return target;
    await held(exchange, parts);
  }
}

async function held({ live, request, signal }: Exchange, parts: ProxyParts): Promise<void> {
  parts.wake(live.route.key);
  await heldUntilReady(live.hold, {
    key: live.route.key,
    policy: live.route.hold,
    sizeBytes: announcedBytes(request),
    signal,
    clock: parts.clock,
  });
}

/** `peek`: only look whether there is one; a look must not count as a request in the split. */
function nextTarget(
  live: LiveRoute,
  failed: ReadonlySet<string>,
  parts: ProxyParts,
  peek: boolean,
): Target | undefined {
  const revision = nextRevision(live.route.revisions, peek ? new Map() : live.debts);
  if (revision === undefined) return undefined;
  const endpoint = leastOutstanding(revision.endpoints, live.outstanding, failed, parts.random);
  return endpoint === undefined ? undefined : { revision, endpoint };
}

async function sent(exchange: Exchange, target: Target, body: RequestBody, parts: ProxyParts): Promise<void> {
  const { request, live, signal } = exchange;
  const address = endpointAddress(target.endpoint);
  live.outstanding.set(address, (live.outstanding.get(address) ?? 0) + 1);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const handler = answerHandler(exchange, target, { resolve, reject });
  try {
    parts.upstreams.pool(target.endpoint).dispatch(
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
    const count = (live.outstanding.get(address) ?? 1) - 1;
    if (count === 0) live.outstanding.delete(address);
    else live.outstanding.set(address, count);
  }
}

interface Ending {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Streams an answer to the client, at the client's pace. */
function answerHandler(exchange: Exchange, target: Target, ending: Ending) {
  const { response, signal, live } = exchange;
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
      if (status === 503 && isDraining(live, target)) {
        started.abort(new Error(`pod ${target.endpoint.pod} is terminating`));
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

function isDraining(live: LiveRoute, { revision, endpoint }: Target): boolean {
  const now = live.route.revisions.find(({ hash }) => hash === revision.hash);
  return (
    now === undefined || now.draining.includes(endpoint.address) || !now.endpoints.some((e) => e.pod === endpoint.pod)
  );
}

function endpointFault(live: LiveRoute, { endpoint }: Target, thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const cause = thrown instanceof Error ? thrown.message : String(thrown);
  return faults.EndpointFailed({ key: live.route.key, pod: endpoint.pod, cause }, thrown);
}
