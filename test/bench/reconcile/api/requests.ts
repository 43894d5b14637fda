import type { ApiRequest, Reply } from "./connection.ts";
import { watchReply } from "./watch.ts";
import { defaulted } from "./server-defaults.ts";
import { type StoredObject, type ObjectMetadata, identity, keyOf, type Store } from "./store.ts";
import { selects } from "./selection.ts";

/** The object or collection of a request path. */
export interface Target {
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Parses a request path. */
export function targetOf(path: string): Target {
  const parts = path.split("/").slice(path.startsWith("/api/") ? 3 : 4);
  const isNamespaced = parts[0] === "namespaces" && parts.length > 2;
  const [plural = "", name, subresource] = isNamespaced ? parts.slice(2) : parts;
  return { plural, namespace: isNamespaced ? parts[1] : undefined, name, subresource };
}

/** Answers a request as a real API server would. Only the kinds of requests that an operator sends are supported. */
export function answerOf(store: Store, request: ApiRequest): Reply {
  const target = targetOf(request.path);
  switch (request.method) {
    case "GET":
      if (target.name !== undefined) return found(store, target);
      return request.query.has("watch")
        ? watchReply(store, target, request.query)
        : listed(store, target, request.query);
    case "POST":
      return created(store, target, request.body);
    case "PATCH":
      return patched(store, target, request);
    case "DELETE":
      return removed(store, target, request.body);
    default:
      return refused(405, "MethodNotAllowed", `${request.method} is not served here`);
  }
}

/** A `Status` with an error. */
function refused(code: number, reason: string, message: string): Reply {
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
  return { status: code, body: JSON.stringify(status) };
}

function missing({ plural, name }: Target): Reply {
  return refused(404, "NotFound", `${plural} "${name}" not found`);
}

function entryKey({ namespace, name }: Target): string {
  return `${namespace ?? ""}/${name ?? ""}`;
}

function found(store: Store, target: Target): Reply {
  const entry = store.collection(target.plural).entries.get(entryKey(target));
  return entry === undefined ? missing(target) : { status: 200, body: entry.text };
}

function listed(store: Store, target: Target, query: URLSearchParams): Reply {
  const isSelected = selects(target.namespace, query);
  const texts: string[] = [];
  for (const { object, text } of store.collection(target.plural).entries.values())
    if (isSelected(object)) texts.push(text);
  const from = Number(query.get("continue") ?? 0);
  const limit = Number(query.get("limit") ?? texts.length);
  const metadata = {
    resourceVersion: String(store.version()),
    ...(from + limit < texts.length ? { continue: String(from + limit) } : {}),
  };
  const items = texts.slice(from, from + limit).join(",");
  return {
    status: 200,
    body: `{"kind":"List","apiVersion":"v1","metadata":${JSON.stringify(metadata)},"items":[${items}]}`,
  };
}

/** Kinds without a generation. */
const uncounted: ReadonlySet<string> = new Set(["Service", "ServiceAccount", "Event"]);

function created(store: Store, target: Target, body: string): Reply {
  const sent = JSON.parse(body) as StoredObject; // an object
  const { namespace = sent.metadata.namespace, plural } = target;
  const { generation, ...own } = identity();
  const counted = uncounted.has(sent.kind) ? {} : { generation };
  const metadata = { ...sent.metadata, ...(namespace === undefined ? {} : { namespace }), ...own, ...counted };
  const key = keyOf({ metadata });
  if (store.collection(plural).entries.has(key)) {
    return refused(409, "AlreadyExists", `${plural} "${metadata.name}" already exists`);
  }
  const complete = defaulted({ ...sent, metadata });
  const entry = store.put(plural, key, (resourceVersion) => withVersion(complete, resourceVersion));
  return { status: 201, body: entry.text };
}

interface Patch {
  readonly metadata?: Partial<ObjectMetadata>;
  readonly [field: string]: unknown;
}

function patched(store: Store, target: Target, { contentType, body }: ApiRequest): Reply {
  const entry = store.collection(target.plural).entries.get(entryKey(target));
  if (entry === undefined) return missing(target);
  const { object } = entry;
  const patch = JSON.parse(body) as Patch; // an object or a part of one
  const conflict = conflictOf(target, object, patch.metadata);
  if (conflict !== undefined) return conflict;
  const isStatus = target.subresource === "status";
  const next = isStatus ? withStatus(object, patch, contentType) : withFields(object, patch);
  if (JSON.stringify(next) === JSON.stringify(object)) return { status: 200, body: entry.text };
  const isNewSpec = !isStatus && JSON.stringify(next["spec"]) !== JSON.stringify(object["spec"]);
  const { generation } = object.metadata;
  const isCounted = isNewSpec && generation !== undefined;
  const counted = isCounted ? { ...next, metadata: { ...next.metadata, generation: generation + 1 } } : next;
  const stored = store.put(target.plural, entryKey(target), (version) => withVersion(counted, version));
  return { status: 200, body: stored.text };
}

/** Merges status. As only one manager writes it here, an apply replaces the whole status. */
function withStatus(object: StoredObject, patch: Patch, contentType: string): StoredObject {
  const status = patch["status"];
  const isApplied = contentType.startsWith("application/apply-patch");
  return { ...object, status: isApplied ? status : merged(object["status"], status) };
}

function withFields(object: StoredObject, { metadata = {}, status: _status, ...rest }: Patch): StoredObject {
  const { resourceVersion: _version, uid: _uid, ...labels } = metadata;
  const fields = merged(object, rest) as StoredObject; // a merge keeps what makes it an object
  return { ...fields, metadata: merged(object.metadata, labels) as ObjectMetadata }; // likewise
}

/** JSON merge patch (RFC 7396). */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === "object" && target !== null && !Array.isArray(target);
  const result = new Map<string, unknown>(isObject ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, merged(result.get(name), value));
  }
  return Object.fromEntries(result);
}

function removed(store: Store, target: Target, body: string): Reply {
  const key = entryKey(target);
  const entry = store.collection(target.plural).entries.get(key);
  if (entry === undefined) return missing(target);
  const { preconditions } = JSON.parse(body || "{}") as { preconditions?: Partial<ObjectMetadata> }; // DeleteOptions
  const conflict = conflictOf(target, entry.object, preconditions);
  if (conflict !== undefined) return conflict;
  store.remove(target.plural, key);
  return { status: 200, body: JSON.stringify({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" }) };
}

function conflictOf(
  { plural, name }: Target,
  { metadata }: StoredObject,
  wanted: Partial<ObjectMetadata> = {},
): Reply | undefined {
  const isSame =
    (wanted.uid ?? metadata.uid) === metadata.uid &&
    (wanted.resourceVersion ?? metadata.resourceVersion) === metadata.resourceVersion;
  if (isSame) return undefined;
  const advice = "the object has been modified; please apply your changes to the latest version and try again";
  return refused(409, "Conflict", `Operation cannot be fulfilled on ${plural} "${name}": ${advice}`);
}

function withVersion(object: StoredObject, resourceVersion: string): StoredObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}
