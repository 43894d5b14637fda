import type { Clock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import { kubeFaults, refusalFault } from "./faults.ts";
import { memberText, withoutManagedFields } from "./json/json-text.ts";
import { type Resource, resourcePath, type ResourcePlace } from "./resources.ts";
import type { KubeRequest, KubeResponse, Transport } from "./transport.ts";

/** One verb on one object or collection, before it becomes HTTP. */
export interface Operation extends ResourcePlace {
  /** As messages say it. */
  readonly verb: string;
  readonly resource: Resource;
  /** Name of the object in messages, where the path has none. */
  readonly called?: string | undefined;
  readonly method: KubeRequest["method"];
  readonly query?: Query;
  readonly contentType?: string;
  readonly body?: object;
  /** Name, UID and resourceVersion are all that is read of the answer. */
  readonly identityOnly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Parameters of a request; undefined ones are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

/** How each attempt of a request is told to metrics. `status` is the HTTP status, 0 when no response came. */
export type RequestObserver = (request: { verb: string; kind: string; status: number; durationMs: number }) => void;

/** What all operations of one client share. */
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
 * Carries an operation to the server, waits out its busy times and gives the JSON of its answer; what that looks like is
 * the word of the caller, who named the kind. Throws a `kubeFaults` fault for every other answer than success.
 */
export type Exchange = (operation: Operation) => Promise<unknown>;

/** An exchange over a transport. */
export function createExchange(options: ExchangeOptions): Exchange {
  return async (operation) => {
    const response = await sendWithRetries(operation, options);
    if (response.status >= 300) throw refusalFault(wording(operation), response.status, response.body);
    if (response.content !== undefined) return response.content;
    try {
      const { body } = response;
      return (operation.identityOnly === true ? identity(body) : undefined) ?? JSON.parse(withoutManagedFields(body));
    } catch (thrown) {
      const cause = thrown instanceof Error ? thrown.message : String(thrown);
      throw kubeFaults.BrokenResponse({ operation: wording(operation), cause }, thrown);
    }
  };
}

/** An object of its identity alone, undefined when it is not to be found in this text. */
function identity(body: string): object | undefined {
  const [name, uid, resourceVersion] = ["name", "uid", "resourceVersion"].map((member): unknown => {
    const text = memberText(body, ["metadata", member]);
    return text === undefined ? undefined : JSON.parse(text);
  });
  return resourceVersion === undefined ? undefined : { metadata: { name, uid, resourceVersion } };
}

/** `apply ReplicaSet default/digits-3f2a`, `list pods default`. */
function wording({ verb, resource, namespace, name, called }: Operation): string {
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

/** The path of a place with a query; parameters that are undefined are left out. */
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

/** `firstMs`, `firstMs × 2`, … up to `capMs`, each lengthened by up to `jitter` of itself (1.0: at most doubled). */
export interface BackoffPolicy {
  readonly firstMs: number;
  readonly capMs: number;
  readonly jitter: number;
}

/** The delay after attempt number `attempt`, counted from 0. */
export function backoffDelayMs({ firstMs, capMs, jitter }: BackoffPolicy, attempt: number, random: () => number): number {
  const plainMs = Math.min(capMs, firstMs * 2 ** Math.min(attempt, 40));
  return plainMs * (1 + random() * jitter);
}

/** Between attempts when the server names no time of its own: never longer than 2 s, so that its return is met soon. */
const growth: BackoffPolicy = { firstMs: 100, capMs: 1_000, jitter: 1 };

/**
 * Sends a request until it is neither 429 nor 503: both say that the server did nothing. `Retry-After` is waited out,
 * lengthened a little so that clients that were told the same time do not come back together. A read that got no
 * response is sent again; a write is not, because it may have been done. Ends with the last answer at the deadline.
 */
async function sendWithRetries(operation: Operation, options: ExchangeOptions): Promise<KubeResponse> {
  const { clock, random, deadlineMs } = options;
  const request = requestOf(operation, options.transport.sharesMemory);
  const endMs = clock.monotonic() + deadlineMs;
  for (let attempt = 0; ; attempt++) {
    const timeoutMs = Math.max(1, endMs - clock.monotonic());
    const answer = await attempted(operation, { ...request, timeoutMs }, options);
    const isRepeated = answer instanceof Fault ? isRepeatable(request, answer) : isBusy(answer);
    const delayMs = isRepeated ? delayBefore(answer, attempt, random) : 0;
    if (!isRepeated || clock.monotonic() + delayMs >= endMs) {
      if (answer instanceof Fault) throw answer;
      return answer;
    }
    await clock.sleep(delayMs, request.signal);
  }
}

async function attempted(
  { verb, resource }: Operation,
  request: KubeRequest,
  { transport, clock, observe }: ExchangeOptions,
): Promise<KubeResponse | Fault> {
  const startedMs = clock.monotonic();
  const told = (status: number): void =>
    observe?.({ verb, kind: resource.kind, status, durationMs: clock.monotonic() - startedMs });
  try {
    const response = await transport.send(request);
    told(response.status);
    return response;
  } catch (thrown) {
    told(0);
    return Fault.from(thrown);
  }
}

function isRepeatable(request: KubeRequest, fault: Fault): boolean {
  return request.method === "GET" && fault.retry !== "never";
}

function isBusy({ status }: KubeResponse): boolean {
  return status === 429 || status === 503;
}

function delayBefore(answer: KubeResponse | Fault, attempt: number, random: () => number): number {
  const askedMs = answer instanceof Fault ? undefined : retryAfterMs(answer);
  return askedMs === undefined ? backoffDelayMs(growth, attempt, random) : askedMs * (1 + random() * 0.1);
}

/** `Retry-After` in seconds; API servers never send the date form. */
export function retryAfterMs({ headers }: Pick<KubeResponse, "headers">): number | undefined {
  const value = headers["retry-after"];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) * 1000 : undefined;
}
