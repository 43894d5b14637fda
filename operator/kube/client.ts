import { type Clock, systemClock } from "../../runtime/base/clock.ts";
import { kubeFaults, refusalFault } from "./faults.ts";
import type { KubeObject, Stored } from "./kinds.ts";
import { apiVersionOf, type Resource, resourcePath, type ResourcePlace } from "./resources.ts";
import { sendPatiently } from "./retry.ts";
import type { KubeRequest, KubeResponse, KubeStream, Transport } from "./transport.ts";

/** Name of an object; `namespace` is left out for cluster-wide kinds. */
export interface ObjectKey {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** Which objects of a kind; all namespaces when `namespace` is left out. Selectors as kubectl writes them. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** All objects of a selection at one resourceVersion, from which a watch may go on. */
export interface ObjectList<T> {
  readonly items: readonly (T & Stored)[];
  readonly resourceVersion: string;
}

export interface CreateOptions {
  /** Answers as if it were done, with all checks, and stores nothing. */
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends CreateOptions {
  /** Takes fields over from other managers instead of failing with ApplyConflict. Default false. */
  readonly force?: boolean;
  /** Default: the client's own. */
  readonly fieldManager?: string;
}

export interface PatchOptions extends CreateOptions {
  readonly subresource?: "status" | "scale";
}

export interface RemoveOptions {
  /** The object is removed only when it still is this one; Conflict otherwise. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  /** What happens to the objects that it owns. Default of this client: Background. */
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
}

/** How a finished request is told to metrics. `status` is the HTTP status, 0 when no response came. */
export type RequestObserver = (request: { verb: string; kind: string; status: number; durationMs: number }) => void;

export interface ClientOptions {
  readonly transport: Transport;
  /** Field manager of every write, `modelwright` in production. */
  readonly fieldManager: string;
  readonly clock?: Clock;
  /** Between 0 and 1, for jitter. */
  readonly random?: () => number;
  /** Limit of one verb with all its retries. Default 30 s. */
  readonly deadlineMs?: number;
  readonly observe?: RequestObserver;
}

/**
 * The verbs of the API. Objects are raw JSON: `T` is the caller's word for what the kind looks like, and fields it does
 * not name are kept. Every verb throws a `kubeFaults` fault on refusal, after having waited out 429 and 503.
 */
export interface Client {
  /** Undefined when there is no such object. */
  get<T extends KubeObject>(resource: Resource, key: ObjectKey): Promise<(T & Stored) | undefined>;
  /** Reads page by page; the result is one consistent state. */
  list<T extends KubeObject>(resource: Resource, selection?: Selection, signal?: AbortSignal): Promise<ObjectList<T>>;
  create<T extends KubeObject>(resource: Resource, object: T, options?: CreateOptions): Promise<T & Stored>;
  /** Server-side apply: creates the object or makes the named fields ours. */
  apply<T extends KubeObject>(resource: Resource, object: T, options?: ApplyOptions): Promise<T & Stored>;
  /** Server-side apply on the status subresource; NotFound when the object is not there. */
  applyStatus<T extends KubeObject>(resource: Resource, object: T, options?: ApplyOptions): Promise<T & Stored>;
  /** JSON merge patch. A `metadata.resourceVersion` in the patch is a precondition. */
  mergePatch<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    patch: object,
    options?: PatchOptions,
  ): Promise<T & Stored>;
  /** True when the object was there. It may live on until its finalizers and owned objects are gone. */
  remove(resource: Resource, key: ObjectKey, options?: RemoveOptions): Promise<boolean>;
  /** Opens a watch; `query` is sent as it is. For `startWatch`, which keeps one going. */
  openWatch(resource: Resource, selection: Selection, query: WatchQuery): Promise<KubeStream>;
}

export interface WatchQuery {
  readonly parameters: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

interface Operation extends ResourcePlace {
  readonly verb: string;
  readonly resource: Resource;
  readonly method: KubeRequest["method"];
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly contentType?: string;
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
}

interface ListBody<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly (T & Stored)[] | null;
}

const pageSize = 500;
const defaultDeadlineMs = 30_000;
/** A watch answers its headers late when the server first builds the initial events. */
const watchOpenTimeoutMs = 60_000;

/** A client over any transport. It holds nothing: closing the transport is the caller's. */
export function createClient(options: ClientOptions): Client {
  const exchange = exchangeOver(options);
  const stored = async <T>(operation: Operation): Promise<T & Stored> => {
    const response = await exchange(operation);
    if (response.status >= 300) throw refusalFault(wording(operation), response.status, response.body);
    return parsed(operation, response) as T & Stored; // see `parsed`
  };
  const patchOf = (resource: Resource, key: ObjectKey): Operation & { method: "PATCH" } => ({
    verb: "patch",
    resource,
    method: "PATCH",
    namespace: key.namespace,
    name: key.name,
  });
  const applied = <T extends KubeObject>(
    resource: Resource,
    object: T,
    { force = false, dryRun = false, fieldManager = options.fieldManager }: ApplyOptions,
    subresource?: "status",
  ): Promise<T & Stored> =>
    stored<T>({
      ...patchOf(resource, { namespace: object.metadata.namespace, name: object.metadata.name ?? "" }),
      verb: subresource === undefined ? "apply" : "apply status of",
      ...(subresource === undefined ? {} : { subresource }),
      query: { fieldManager, force: String(force), ...dryRunQuery(dryRun) },
      contentType: "application/apply-patch+yaml",
      body: object,
    });
  return {
    async get<T>(resource: Resource, key: ObjectKey) {
      const operation: Operation = { verb: "get", resource, method: "GET", namespace: key.namespace, name: key.name };
      const response = await exchange(operation);
      if (response.status === 404) return undefined;
      if (response.status >= 300) throw refusalFault(wording(operation), response.status, response.body);
      return parsed(operation, response) as T & Stored; // see `parsed`
    },
    list: (resource, selection = {}, signal) => listedPages(exchange, { resource, selection, signal }),
    create: (resource, object, { dryRun = false } = {}) =>
      stored({
        verb: "create",
        resource,
        method: "POST",
        namespace: object.metadata.namespace,
        query: { fieldManager: options.fieldManager, ...dryRunQuery(dryRun) },
        contentType: "application/json",
        body: object,
      }),
    apply: (resource, object, applyOptions = {}) => applied(resource, object, applyOptions),
    applyStatus: (resource, object, applyOptions = {}) => applied(resource, object, applyOptions, "status"),
    mergePatch: (resource, key, patch, { subresource, dryRun = false } = {}) =>
      stored({
        ...patchOf(resource, key),
        ...(subresource === undefined ? {} : { subresource }),
        query: { fieldManager: options.fieldManager, ...dryRunQuery(dryRun) },
        contentType: "application/merge-patch+json",
        body: patch,
      }),
    async remove(resource, key, { propagationPolicy = "Background", ...rest } = {}) {
      const operation: Operation = {
        verb: "delete",
        resource,
        method: "DELETE",
        namespace: key.namespace,
        name: key.name,
        contentType: "application/json",
        body: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy, ...rest },
      };
      const response = await exchange(operation);
      if (response.status >= 300 && response.status !== 404) {
        throw refusalFault(wording(operation), response.status, response.body);
      }
      return response.status !== 404;
    },
    openWatch: (resource, selection, { parameters, signal }) =>
      options.transport.open({
        method: "GET",
        path: `${resourcePath(resource, selection)}${queryString({ ...selectionQuery(selection), ...parameters })}`,
        headers: { accept: "application/json" },
        timeoutMs: watchOpenTimeoutMs,
        signal,
      }),
  };
}

type Exchange = (operation: Operation) => Promise<KubeResponse>;

function exchangeOver(options: ClientOptions): Exchange {
  const { transport, clock = systemClock, random = Math.random, deadlineMs = defaultDeadlineMs, observe } = options;
  return async (operation) => {
    const startedMs = clock.monotonic();
    const told = (status: number): void =>
      observe?.({
        verb: operation.verb,
        kind: operation.resource.kind,
        status,
        durationMs: clock.monotonic() - startedMs,
      });
    const request: KubeRequest = {
      method: operation.method,
      path: `${resourcePath(operation.resource, operation)}${queryString(operation.query ?? {})}`,
      headers: {
        accept: "application/json",
        ...(operation.contentType === undefined ? {} : { "content-type": operation.contentType }),
      },
      ...(operation.body === undefined ? {} : { body: JSON.stringify(operation.body) }),
      ...(operation.signal === undefined ? {} : { signal: operation.signal }),
    };
    return sendPatiently(request, { transport, clock, random, deadlineMs, told });
  };
}

interface Listing {
  readonly resource: Resource;
  readonly selection: Selection;
  readonly signal: AbortSignal | undefined;
}

/** A list whose pages outlived the server's history is read again in one go, as client-go's pager does. */
async function listedPages<T>(exchange: Exchange, listing: Listing): Promise<ObjectList<T>> {
  const { resource, selection, signal } = listing;
  const items: (T & Stored)[] = [];
  let limit: string | undefined = String(pageSize);
  let next: string | undefined;
  for (;;) {
    const operation: Operation = {
      verb: "list",
      resource,
      method: "GET",
      namespace: selection.namespace,
      query: { ...selectionQuery(selection), limit, continue: next },
      signal,
    };
    const response = await exchange(operation);
    if (response.status === 410 && next !== undefined) {
      items.length = 0;
      limit = undefined;
      next = undefined;
      continue;
    }
    if (response.status >= 300) throw refusalFault(wording(operation), response.status, response.body);
    const page = parsed(operation, response) as ListBody<T>; // see `parsed`
    // Items of a list carry no kind of their own.
    const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
    for (const item of page.items ?? []) items.push({ ...type, ...item });
    next = page.metadata.continue;
    if (next === undefined || next === "") return { items, resourceVersion: page.metadata.resourceVersion ?? "" };
  }
}

/** Raw JSON; what it looks like is the word of the caller, who named the kind. */
function parsed(operation: Operation, response: KubeResponse): unknown {
  try {
    return JSON.parse(response.body);
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.message : String(thrown);
    throw kubeFaults.BrokenResponse({ operation: wording(operation), cause }, thrown);
  }
}

function wording({ verb, resource, namespace, name }: Operation): string {
  const path = [namespace, name].filter((part) => part !== undefined && part !== "").join("/");
  return [verb, name === undefined ? resource.plural : resource.kind, ...(path === "" ? [] : [path])].join(" ");
}

function selectionQuery({ labelSelector, fieldSelector }: Selection): Record<string, string | undefined> {
  return { labelSelector, fieldSelector };
}

function dryRunQuery(dryRun: boolean): { dryRun?: string } {
  return dryRun ? { dryRun: "All" } : {};
}

function queryString(query: Readonly<Record<string, string | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}
