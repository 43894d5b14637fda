import { type Clock, systemClock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import { createExchange, type Exchange, type Operation, pathWithQuery, type RequestObserver } from "./exchange.ts";
import type { KubeObject, Stored } from "./kinds.ts";
import { apiVersionOf, type Resource, type ResourcePlace } from "./resources.ts";
import type { KubeStream, Transport } from "./transport.ts";

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

/** How something is created. */
export interface CreateOptions {
  /** Answers as if it were done, with all checks, and stores nothing. */
  readonly dryRun?: boolean;
  /** Of the answer only `metadata`'s name, UID and resourceVersion are needed: the rest may be missing. */
  readonly identityOnly?: boolean;
}

/** How server-side apply treats fields of others. */
export interface ApplyOptions extends CreateOptions {
  /** Takes fields over from other managers instead of failing with ApplyConflict. Default false. */
  readonly force?: boolean;
  /** Default: the client's own. */
  readonly fieldManager?: string;
}

/** What of an object is patched; absent: the object itself. */
export interface PatchOptions extends CreateOptions {
  readonly subresource?: "status" | "scale";
}

/** Under what conditions something is removed, and what becomes of what it owns. */
export interface RemoveOptions {
  /** The object is removed only when it still is this one; Conflict otherwise. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  /** What happens to the objects that it owns. Default of this client: Background. */
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
}

/** With what a client talks to the API server, and in whose name. */
export interface ClientOptions {
  readonly transport: Transport;
  /** Field manager of every write, `modelwright` in production. */
  readonly fieldManager: string;
  readonly clock?: Clock;
  /** Between 0 and 1, for jitter. */
  readonly random?: () => number;
  /** Limit of one verb with all its retries. Default 30 s. */
  readonly deadlineMs?: number;
  /** Objects per page of a list. Default 500, as kubectl. */
  readonly pageSize?: number;
  readonly observe?: RequestObserver;
}

/**
 * The verbs of the API. Objects are raw JSON: `T` is the caller's word for what the kind looks like, and fields it does
 * not name are kept, but for `metadata.managedFields`, which is empty. Every verb throws a `kubeFaults` fault on refusal, after having waited out 429 and 503.
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

/** A watch in the words of the API: `resourceVersion`, `allowWatchBookmarks`, selectors. */
export interface WatchQuery {
  readonly parameters: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

interface ListBody<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly (T & Stored)[] | null;
}

const defaultPageSize = 500;
const defaultDeadlineMs = 30_000;
/** A watch answers its headers late when the server first builds the initial events. */
const watchOpenTimeoutMs = 60_000;

/** A client over any transport. It holds nothing: closing the transport is the caller's. */
export function createClient(options: ClientOptions): Client {
  const { transport, clock = systemClock, random = Math.random, deadlineMs = defaultDeadlineMs, observe } = options;
  const exchange = createExchange({ transport, clock, random, deadlineMs, observe });
  const pageSize = String(options.pageSize ?? defaultPageSize);
  return { ...readVerbs(exchange, transport, pageSize), ...writeVerbs(exchange, options.fieldManager) };
}

type Reads = "get" | "list" | "openWatch";

function readVerbs(exchange: Exchange, transport: Transport, pageSize: string): Pick<Client, Reads> {
  return {
    async get<T>(resource: Resource, { namespace, name }: ObjectKey) {
      const operation: Operation = { verb: "get", resource, method: "GET", namespace, name };
      return (await foundOrAbsent(exchange(operation))) as (T & Stored) | undefined; // `T` is the caller's word
    },
    list: (resource, selection = {}, signal) => listedPages(exchange, { resource, selection, signal, limit: pageSize }),
    openWatch: (resource, { namespace, ...selectors }, { parameters, signal }) =>
      transport.open({
        method: "GET",
        path: pathWithQuery(resource, { namespace }, { ...selectors, ...parameters }),
        headers: { accept: "application/json" },
        timeoutMs: watchOpenTimeoutMs,
        signal,
      }),
  };
}

type Write = Pick<Operation, "verb" | "called" | "method" | "contentType" | "body" | "query"> &
  ResourcePlace &
  CreateOptions;

function writeVerbs(exchange: Exchange, ownManager: string): Omit<Client, Reads> {
  const written = async <T>(resource: Resource, { dryRun = false, query, ...write }: Write): Promise<T & Stored> => {
    const fullQuery = { fieldManager: ownManager, ...query, dryRun: dryRun ? "All" : undefined };
    return (await exchange({ ...write, resource, query: fullQuery })) as T & Stored; // `T` is the caller's word
  };
  const applied = <T extends KubeObject>(
    resource: Resource,
    object: T,
    { force = false, fieldManager = ownManager, ...options }: ApplyOptions,
    place: Pick<Operation, "verb" | "subresource">,
  ): Promise<T & Stored> =>
    written<T>(resource, {
      ...place,
      method: "PATCH",
      namespace: object.metadata.namespace,
      name: object.metadata.name ?? "",
      query: { fieldManager, force: String(force) },
      ...options,
      contentType: "application/apply-patch+yaml",
      body: object,
    });
  return {
    create: (resource, object, options = {}) =>
      written(resource, {
        verb: "create",
        called: object.metadata.name ?? object.metadata.generateName,
        method: "POST",
        namespace: object.metadata.namespace,
        ...options,
        contentType: "application/json",
        body: object,
      }),
    apply: (resource, object, applyOptions = {}) => applied(resource, object, applyOptions, { verb: "apply" }),
    applyStatus: (resource, object, applyOptions = {}) =>
      applied(resource, object, applyOptions, { verb: "apply status of", subresource: "status" }),
    mergePatch: (resource, { namespace, name }, patch, { subresource, ...options } = {}) =>
      written(resource, {
        verb: subresource === undefined ? "patch" : `patch ${subresource} of`,
        method: "PATCH",
        namespace,
        name,
        ...(subresource === undefined ? {} : { subresource }),
        ...options,
        contentType: "application/merge-patch+json",
        body: patch,
      }),
    async remove(resource, { namespace, name }, { propagationPolicy = "Background", ...rest } = {}) {
      const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy, ...rest };
      const contentType = "application/json";
      const operation: Operation = { verb: "delete", resource, method: "DELETE", namespace, name, contentType, body };
      return (await foundOrAbsent(exchange(operation))) !== undefined;
    },
  };
}

async function foundOrAbsent(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "NotFound") return undefined;
    throw thrown;
  }
}

interface Listing {
  readonly resource: Resource;
  readonly selection: Selection;
  readonly signal: AbortSignal | undefined;
  /** Objects per page; all in one when undefined. */
  readonly limit: string | undefined;
}

/** A list whose pages outlived the server's history is read again in one go, as client-go's pager does. */
async function listedPages<T>(exchange: Exchange, listing: Listing): Promise<ObjectList<T>> {
  try {
    return await listed<T>(exchange, listing);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "Expired")
      return listed<T>(exchange, { ...listing, limit: undefined });
    throw thrown;
  }
}

async function listed<T>(exchange: Exchange, listing: Listing): Promise<ObjectList<T>> {
  const { resource, selection, signal, limit } = listing;
  const { namespace, ...selectors } = selection;
  // Items of a list carry no kind of their own.
  const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  const items: (T & Stored)[] = [];
  for (let next: string | undefined; ;) {
    const query = { ...selectors, limit, continue: next };
    const page = (await exchange({
      verb: "list",
      resource,
      method: "GET",
      namespace,
      query,
      signal,
    })) as ListBody<T>; // `T` is the caller's word
    for (const item of page.items ?? []) items.push({ ...type, ...item });
    next = page.metadata.continue;
    if (next === undefined || next === "") return { items, resourceVersion: page.metadata.resourceVersion ?? "" };
  }
}
