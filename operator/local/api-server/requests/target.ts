import type { Registry } from "../kinds/registry.ts";
import type { ServedKind } from "../kinds/served-kind.ts";
import { methodNotAllowed, pathNotFound } from "../values/api-error.ts";

/** What a path under `/api/v1` or `/apis/GROUP/VERSION` points at. */
export interface Target {
  readonly kind: ServedKind;
  /** Empty for cluster-scoped resources and for all namespaces. */
  readonly namespace: string;
  /** Empty for the whole collection. */
  readonly name: string;
  /** Empty, `status`, `scale` or `log`. */
  readonly subresource: string;
}

interface KnownTargets {
  readonly version: number;
  readonly targets: Map<string, Target>;
}

const knownTargets = new WeakMap<Registry, KnownTargets>();
const mostTargets = 1_000;

/** Reads a resource path; undefined when the path is not one. Throws 404 for a resource that isn't served. */
export function targetOf(path: string, registry: Registry): Target | undefined {
  let known = knownTargets.get(registry);
  if (known === undefined || known.version !== registry.version() || known.targets.size > mostTargets) {
    known = { version: registry.version(), targets: new Map() };
    knownTargets.set(registry, known);
  }
  const target = known.targets.get(path) ?? readTarget(path, registry);
  if (target !== undefined) known.targets.set(path, target);
  return target;
}

function readTarget(path: string, registry: Registry): Target | undefined {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const [root, ...rest] = parts;
  if (root === "api") return inGroup("", rest, registry);
  if (root === "apis") return inGroup(rest[0] ?? "", rest.slice(1), registry);
  return undefined;
}

function inGroup(group: string, [version, ...rest]: readonly string[], registry: Registry): Target | undefined {
  if (version === undefined || rest.length === 0 || !registry.serves(group, version)) return undefined;
  const { namespace, plural, name, subresource, isDeeper } = partsOf(rest);
  const kind = registry.find(group, version, plural);
  if (kind === undefined || isDeeper) throw pathNotFound();
  if (!isInScope(kind, namespace, name) || !serves(kind, subresource)) throw pathNotFound();
  return { kind, namespace: namespace ?? "", name, subresource };
}

function partsOf(rest: readonly string[]) {
  const isNamespaced = rest[0] === "namespaces" && rest.length > 2 && !isNamespaceSubresource(rest);
  const [plural = "", name = "", subresource = "", ...more] = isNamespaced ? rest.slice(2) : rest;
  return { namespace: isNamespaced ? rest[1] : undefined, plural, name, subresource, isDeeper: more.length > 0 };
}

// The list of all namespaces is the only path of a namespaced resource without its namespace.
const isInScope = (kind: ServedKind, namespace: string | undefined, name: string): boolean =>
  kind.namespaced ? namespace !== undefined || name === "" : namespace === undefined;

// `/api/v1/namespaces/x/status` is a namespace's subresource, not a resource called "status" in it.
const isNamespaceSubresource = (rest: readonly string[]): boolean =>
  rest.length === 3 && (rest[2] === "status" || rest[2] === "finalize");

function serves(kind: ServedKind, subresource: string): boolean {
  switch (subresource) {
    case "":
      return true;
    case "status":
      return kind.hasStatus;
    case "scale":
      return kind.scale !== undefined;
    case "log":
      return kind.kind === "Pod";
    default:
      return false;
  }
}

/** What is done to a resource, in the words of RBAC. */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** The verb of a request, as discovery and audit logs name it. Throws 405. */
export function verbOf(method: string, target: Target, query: URLSearchParams): Verb {
  const verb = target.name === "" ? verbOnCollection(method, query) : objectVerbs.get(method);
  if (verb === undefined || (verb === "delete" && target.subresource !== "")) throw methodNotAllowed();
  return verb;
}

function verbOnCollection(method: string, query: URLSearchParams): Verb | undefined {
  if (method === "GET") return isTrue(query.get("watch")) ? "watch" : "list";
  return collectionVerbs.get(method);
}

const collectionVerbs: ReadonlyMap<string, Verb> = new Map([
  ["POST", "create"],
  ["DELETE", "deletecollection"],
]);

const objectVerbs: ReadonlyMap<string, Verb> = new Map([
  ["GET", "get"],
  ["PUT", "update"],
  ["PATCH", "patch"],
  ["DELETE", "delete"],
]);

/** A switch of a query as Go's strconv reads the forms that clients send. */
export const isTrue = (value: string | null): boolean => value === "true" || value === "1";
