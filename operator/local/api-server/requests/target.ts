import type { Registry } from "../kinds/registry.ts";
import type { ServedKind } from "../kinds/served-kind.ts";
import { methodNotAllowed, pathNotFound } from "../values/api-error.ts";

/** The resource that a path under `/api/v1` or `/apis/GROUP/VERSION` addresses. */
export interface Target {
  readonly kind: ServedKind;
  /** Empty for cluster-scoped resources and for requests across all namespaces. */
  readonly namespace: string;
  /** Empty for collection requests. */
  readonly name: string;
  /** Empty, `status`, `scale` or `log`. */
  readonly subresource: string;
}

interface KnownTargets {
  readonly version: number;
  readonly targets: Map<string, Target>;
}

const knownTargets = new WeakMap<Registry, KnownTargets>();
const maxTargets = 1_000;

/** Parses a resource path; undefined for any other path. Throws 404 for a resource that isn't served. */
export function targetOf(path: string, registry: Registry): Target | undefined {
  let known = knownTargets.get(registry);
  if (known === undefined || known.version !== registry.version() || known.targets.size > maxTargets) {
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

// Only collection requests may omit the namespace of a namespaced resource.
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

/** The RBAC verb of a request. */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** The verb of a request. Throws 405. */
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

/** Parses a boolean query parameter in the forms that clients send. */
export const isTrue = (value: string | null): boolean => value === "true" || value === "1";
