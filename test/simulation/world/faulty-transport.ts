import { kubeFaults } from "../../../operator/kube/faults.ts";
import type { KubeRequest, KubeResponse, KubeStream, Transport } from "../../../operator/kube/transport.ts";
import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
import type { Clock } from "../../../runtime/base/clock.ts";
import type { Chance } from "../schedule/random.ts";
import type { EventTrouble, RequestTrouble } from "../schedule/schedule.ts";
import { type Ledger, subjectOf } from "./ledger.ts";
import type { Process } from "./process.ts";
import { faultyLines } from "./faulty-stream.ts";
import { staleInitialEvents } from "./stale-state.ts";

/** What goes wrong at the moment between operators and the API server; times are of the world's clock. */
export interface Weather {
  requestTrouble(index: number): { readonly trouble: RequestTrouble; readonly amount: number } | undefined;
  eventTrouble(index: number): { readonly trouble: EventTrouble; readonly amount: number } | undefined;
  outageUntilMs: number;
  /** No event reaches an operator until then. */
  blindUntilMs: number;
  /** Part of a path that is not served. */
  missing: string | undefined;
  /** Reads lag behind until then; lists show the state of this revision. */
  stale: { readonly untilMs: number; readonly revision: number } | undefined;
  /** A watch that lost something has to read the whole state once more. */
  isHealed: boolean;
}

export interface FaultyTransportOptions {
  readonly server: ApiServer;
  /** Network and server know nothing of the process's clock. */
  readonly clock: Clock;
  readonly chance: Chance;
  readonly process: Process;
  readonly name: string;
  readonly weather: Weather;
  readonly ledger: Ledger;
  readonly crash: (process: Process) => void;
}

/** A promise of its own each time: who waits for one would be kept with it for ever. */
const never = (): Promise<never> => new Promise(() => {});

export interface FaultyTransport extends Transport {
  /** Breaks every connection. */
  hangUp(): void;
  /** Ends the watches that lost something. */
  endLacking(): void;
}

/** The way of one operator process to the API server, with all that can go wrong on it. */
export function faultyTransport(options: FaultyTransportOptions): FaultyTransport {
  const { process, clock, chance, server, weather } = options;
  /** With what is watched. */
  const streams = new Map<KubeStream, string>();
  /** What is watched and was not told whole: until the whole state is read again. */
  const lacking = new Set<string>();
  process.onKilled(() => {
    for (const stream of streams.keys()) stream.close();
  });
  const isWhole = ({ path }: KubeRequest): boolean => path.includes("sendInitialEvents=true");
  const watched = ({ path }: KubeRequest): string => path.split("&timeoutSeconds", 1)[0] ?? "";
  /** A watch that goes on from where it was, behind what it lost. */
  const isUnhealed = (request: KubeRequest): boolean => {
    if (!request.path.includes("resourceVersion=")) lacking.delete(watched(request));
    return weather.isHealed && lacking.has(watched(request));
  };
  const travelled = async (request: KubeRequest): Promise<void> => {
    await clock.sleep(1 + Math.floor(chance.fraction() * 8));
    if (clock.monotonic() < weather.outageUntilMs) throw kubeFaults.NoResponse(lost(request, "connection refused"));
  };
  return {
    sharesMemory: true,
    send(request) {
      if (!process.isAlive) return never();
      const { plural } = subjectOf(request);
      // Nobody waits for an event, and nothing reads them again.
      if (plural === "events") return Promise.resolve({ status: 201, headers: {}, body: "{}" });
      // Many, and nothing hangs on a schema that never changes: a fault that befell one would be wasted.
      if (request.path.startsWith("/openapi/")) return process.heard(server.send(request));
      const index = options.ledger.requests++;
      return process.heard(
        travelled(request).then(() => (process.isAlive ? answered(request, index, options) : never())),
      );
    },
    open(request) {
      // Its streams end with a process, and what is left of it would go on to the next.
      if (!process.isAlive) return never();
      const index = options.ledger.requests++;
      const opened = async (): Promise<KubeStream> => {
        await travelled(request);
        if (!process.isAlive) return never();
        const refused = isUnhealed(request) ? refusal(expired) : await refusedOpen(request, index, options);
        if (refused !== undefined) return refused;
        if (isWhole(request)) options.ledger.lists.push(options.name);
        const stream = await openStream(request, options);
        streams.set(stream, watched(request));
        const close = (): void => {
          streams.delete(stream);
          stream.close();
        };
        request.signal?.addEventListener("abort", close, { once: true });
        const onDrop = (): void => void lacking.add(watched(request));
        const values = faultyLines(stream.values ?? stream.chunks, { ...options, onDrop }, request);
        return { ...stream, close, values };
      };
      return process.heard(opened());
    },
    close: () => Promise.resolve(),
    hangUp() {
      for (const stream of streams.keys()) stream.close();
    },
    endLacking() {
      for (const [stream, what] of streams) if (lacking.has(what)) stream.close();
    },
  };

  async function openStream(request: KubeRequest, { server: origin }: FaultyTransportOptions): Promise<KubeStream> {
    const { stale } = weather;
    if (stale !== undefined && clock.monotonic() < stale.untilMs && isWhole(request)) {
      const initial = staleInitialEvents(origin, request, stale.revision);
      if (initial !== undefined) {
        const query = `&resourceVersion=${stale.revision}`;
        const path = request.path.replace(/&(sendInitialEvents|resourceVersionMatch)=\w+/g, "") + query;
        const rest = await server.open({ ...request, path });
        return { ...rest, values: preceded(initial, rest.values ?? rest.chunks) };
      }
    }
    return server.open(request);
  }
}

async function* preceded(first: readonly unknown[], rest: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  yield* first;
  yield* rest;
}

function lost({ method, path }: KubeRequest, cause: string): { operation: string; cause: string } {
  return { operation: `${method} ${path}`, cause };
}

/** A watch that is not opened at all. */
async function refusedOpen(
  request: KubeRequest,
  index: number,
  options: FaultyTransportOptions,
): Promise<KubeStream | undefined> {
  const fault = options.weather.requestTrouble(index);
  const answer = isMissing(request, options) ? pageNotFound : fault && refusals[fault.trouble];
  if (fault?.trouble === "crash-before" || fault?.trouble === "crash-after") {
    options.crash(options.process);
    return never();
  }
  if (fault?.trouble === "lost-before" || fault?.trouble === "lost-after")
    throw kubeFaults.NoResponse(lost(request, "socket hang up"));
  return answer === undefined ? undefined : refusal(answer);
}

function refusal(answer: KubeResponse): KubeStream {
  return { ...answer, chunks: oneChunk(answer.body), close: () => {} };
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

function status(code: number, reason: string, headers: Readonly<Record<string, string>> = {}): KubeResponse {
  const body = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
    reason,
    message: `made to fail: ${reason}`,
  };
  return { status: code, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

const expired = status(410, "Expired");
const pageNotFound: KubeResponse = { status: 404, headers: {}, body: "404 page not found\n" };

/** Answers of a server that did not do what it was asked to. */
const refusals: Readonly<Partial<Record<RequestTrouble, KubeResponse>>> = {
  conflict: status(409, "Conflict"),
  "too-many": status(429, "TooManyRequests"),
  "too-many-retry-after": status(429, "TooManyRequests", { "retry-after": "2" }),
  "error-before": status(500, "InternalError"),
  unavailable: status(503, "ServiceUnavailable", { "retry-after": "1" }),
};

function isMissing({ path }: KubeRequest, { weather: { missing } }: FaultyTransportOptions): boolean {
  return missing !== undefined && path.includes(missing);
}

async function answered(request: KubeRequest, index: number, options: FaultyTransportOptions): Promise<KubeResponse> {
  if (isMissing(request, options)) return pageNotFound;
  const { trouble, amount = 0 } = options.weather.requestTrouble(index) ?? {};
  if (trouble === undefined || (trouble === "conflict" && request.method === "GET")) return done(request, options);
  return refusals[trouble] ?? troubles[trouble]?.(request, options, amount) ?? done(request, options);
}

type Trouble = (request: KubeRequest, options: FaultyTransportOptions, amount: number) => Promise<KubeResponse>;

/** What is more than an answer. */
const troubles: Readonly<Partial<Record<RequestTrouble, Trouble>>> = {
  "crash-before": (_request, { process, crash }) => {
    crash(process);
    return never();
  },
  "crash-after": async (request, options) => {
    await done(request, options);
    options.crash(options.process);
    return never();
  },
  "error-after": async (request, options) => {
    await done(request, options);
    return status(500, "InternalError");
  },
  "lost-before": (request) => Promise.reject(kubeFaults.NoResponse(lost(request, "socket hang up"))),
  "lost-after": async (request, options) => {
    await done(request, options);
    throw kubeFaults.NoResponse(lost(request, "socket hang up"));
  },
  late: (request, options, amount) => {
    options.clock.after(500 + amount * 9_000, () => {
      options.ledger.isLate = true;
      void done(request, options);
      options.ledger.isLate = false;
    });
    const operation = `${request.method} ${request.path}`;
    return Promise.reject(kubeFaults.DeadlineExceeded({ operation, timeoutMs: 0 }));
  },
  slow: async (request, options, amount) => {
    await options.clock.sleep(amount * 5_000);
    return done(request, options);
  },
};

const verbs: Readonly<Partial<Record<KubeRequest["method"], string>>> = {
  POST: "create",
  PATCH: "patch",
  DELETE: "delete",
};

/** The server does it, in the operator's name. */
async function done(
  request: KubeRequest,
  { server, ledger, name, clock }: FaultyTransportOptions,
): Promise<KubeResponse> {
  const { plural, name: called, subresource } = subjectOf(request);
  if (isRemoval(request, server)) ledger.removals += 1;
  ledger.actor = name;
  const answer = server.send(request);
  ledger.actor = undefined;
  const response = await answer;
  const verb = verbs[request.method];
  if (response.status < 300 && verb !== undefined && plural !== "leases") {
    const { metadata } = response.content as { metadata: { name?: string } }; // an object, or the status of a deletion
    ledger.writers.push({ name, atMs: clock.monotonic() });
    ledger.writes.push(
      `${verb} ${plural} ${called ?? metadata.name}${subresource === undefined ? "" : ` ${subresource}`}`,
    );
  }
  return response;
}

function isRemoval(request: KubeRequest, { store }: ApiServer): boolean {
  if (request.method !== "PATCH") return request.method === "DELETE";
  const { plural, namespace = "", name = "" } = subjectOf(request);
  if (plural !== "replicasets") return false;
  const { spec: wanted } = request.content as { spec?: { replicas?: number } }; // a patch of the operator
  const present = store.collection("replicasets.apps").record(namespace, name)?.object["spec"] as
    | { replicas?: number }
    | undefined; // as the server keeps it
  return (wanted?.replicas ?? Infinity) < (present?.replicas ?? 0);
}
