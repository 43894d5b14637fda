import { type BackoffPolicy, jitteredDelayMs } from "../../runtime/base/backoff.ts";
import type { Clock } from "../../runtime/base/clock.ts";
import { errorText, Fault } from "../../runtime/base/fault.ts";
import { kubeFaults, refusalFault } from "./faults.ts";
import { memberText, withoutManagedFields } from "./json/json-text.ts";
import { type Resource, resourcePath, type ResourcePlace } from "./resources.ts";
import type { KubeRequest, KubeResponse, Transport } from "./transport.ts";

/** One verb on one object or collection, independent of HTTP. */
export interface Operation extends ResourcePlace {
  /** As in messages: `apply status of`. */
  readonly verb: string;
  readonly resource: Resource;
  /** Name of the object in messages when the path has none, as for create. */
  readonly called?: string | undefined;
  readonly method: KubeRequest["method"];
  readonly query?: Query;
  readonly contentType?: string;
  readonly body?: object;
  /** The caller reads only name, UID and resourceVersion of the response. */
  readonly identityOnly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Query parameters; undefined ones are omitted. */
export type Query = Readonly<Record<string, string | undefined>>;

/** Called after each attempt of a request, for metrics. `status` is the HTTP status, 0 when there was no response. */
export type RequestObserver = (request: { verb: string; kind: string; status: number; durationMs: number }) => void;

/** Options of `createExchange`. */
export interface ExchangeOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Between 0 and 1, for jitter. */
  readonly random: () => number;
  /** For all attempts of an operation together. */
  readonly deadlineMs: number;
  readonly observe?: RequestObserver | undefined;
}

/**
 * Performs an operation with retries while the server is busy, and resolves with the parsed JSON of the response; its type is the
 * caller's claim. Throws a `kubeFaults` fault for any response other than success.
 */
export type Exchange = (operation: Operation) => Promise<unknown>;

/** An exchange over a transport. */
export function createExchange(options: ExchangeOptions): Exchange {
  return async (operation) => {
    const response = await sendWithRetries(operation, options);
    if (response.status >= 300) throw refusalFault(operationText(operation), response.status, response.body);
    if (response.content !== undefined) return response.content;
    try {
      const { body } = response;
      return (operation.identityOnly === true ? identity(body) : undefined) ?? JSON.parse(withoutManagedFields(body));
    } catch (thrown) {
      const cause = errorText(thrown);
      throw kubeFaults.BrokenResponse({ operation: operationText(operation), cause }, thrown);
    }
  };
}

/** An object with only its identity, read without parsing the rest; undefined when it is not found. */
function identity(body: string): object | undefined {
  const [name, uid, resourceVersion] = ["name", "uid", "resourceVersion"].map((member): unknown => {
    const text = memberText(body, ["metadata", member]);
    return text === undefined ? undefined : JSON.parse(text);
  });
  return resourceVersion === undefined ? undefined : { metadata: { name, uid, resourceVersion } };
}

/** `apply ReplicaSet default/digits-3f2a`, `list pods default`. */
function operationText({ verb, resource, namespace, name, called }: Operation): string {
  const path = [namespace, name ?? called].filter((part) => part !== undefined && part !== "").join("/");
  return [verb, (name ?? called) === undefined ? resource.plural : resource.kind, ...(path === "" ? [] : [path])].join(
    " ",
  );
}

function requestOf(operation: Operation, sharesMemory = false): KubeRequest {
  const { method, contentType, body, signal } = operation;
  return {
    method,
    path: pathWithQuery(operation.resource, operation, operation.query),
    headers: { accept: "application/json", ...(contentType === undefined ? {} : { "content-type": contentType }) },
    ...(body === undefined ? {} : sharesMemory ? { content: body } : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** The path of a resource with a query; undefined parameters are omitted. */
export function pathWithQuery(resource: Resource, place: ResourcePlace, query: Query = {}): string {
  let text = resourcePath(resource, place);
  let separator = "?";
  for (const name in query) {
    const value = query[name];
    if (value === undefined) continue;
    text += `${separator}${name}=${encodeURIComponent(value)}`;
    separator = "&";
  }
  return text;
}

/** Used when the server sends no `Retry-After`. Delays stay below 2 s, so that its return is noticed soon. */
const retryBackoff: BackoffPolicy = { firstMs: 100, capMs: 1_000 };

/**
 * Sends a request until the status is neither 429 nor 503, both of which mean that the server did nothing. `Retry-After` is
 * honoured with up to 10 % jitter, so that clients do not return at the same time. A read without a response is retried; a write
 * is not, because it may have been applied. At the deadline the last response or fault is final.
 */
async function sendWithRetries(operation: Operation, options: ExchangeOptions): Promise<KubeResponse> {
  const { clock, random, deadlineMs } = options;
  const request = requestOf(operation, options.transport.sharesMemory);
  const endMs = clock.monotonic() + deadlineMs;
  for (let attempt = 0; ; attempt++) {
    const timeoutMs = Math.max(1, endMs - clock.monotonic());
    const answer = await attemptOnce(operation, { ...request, timeoutMs }, options);
    const isRetried = answer instanceof Fault ? isRetryable(request, answer) : isBusy(answer);
    const delayMs = isRetried ? delayBefore(answer, attempt, random) : 0;
    if (!isRetried || clock.monotonic() + delayMs >= endMs) {
      if (answer instanceof Fault) throw answer;
      return answer;
    }
    await clock.sleep(delayMs, request.signal);
  }
}

async function attemptOnce(
  { verb, resource }: Operation,
  request: KubeRequest,
  { transport, clock, observe }: ExchangeOptions,
): Promise<KubeResponse | Fault> {
  const startedMs = clock.monotonic();
  const observed = (status: number): void =>
    observe?.({ verb, kind: resource.kind, status, durationMs: clock.monotonic() - startedMs });
  try {
    const response = await transport.send(request);
    observed(response.status);
    return response;
  } catch (thrown) {
    observed(0);
    return Fault.from(thrown);
  }
}

function isRetryable(request: KubeRequest, fault: Fault): boolean {
  return request.method === "GET" && fault.retry !== "never";
}

function isBusy({ status }: KubeResponse): boolean {
  return status === 429 || status === 503;
}

function delayBefore(answer: KubeResponse | Fault, attempt: number, random: () => number): number {
  const requestedMs = answer instanceof Fault ? undefined : retryAfterMs(answer);
  return requestedMs === undefined
    ? jitteredDelayMs(retryBackoff, attempt, random)
    : requestedMs * (1 + random() * 0.1);
}

/** `Retry-After` in seconds; API servers never send the date form. */
export function retryAfterMs({ headers }: Pick<KubeResponse, "headers">): number | undefined {
  const value = headers["retry-after"];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) * 1000 : undefined;
}
