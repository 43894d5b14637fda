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

/** Reads a resource path; undefined when the path is not one. Throws 404 for a resource that isn't served. */
export function targetOf(path: string, registry: Registry): Target | undefined {
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
  if (version === undefined || rest.length === 0) return undefined;
  const isNamespaced = rest[0] === "namespaces" && rest.length > 2 && !isNamespaceSubresource(rest);
  const [namespace, parts] = isNamespaced ? [rest[1] ?? "", rest.slice(2)] : ["", rest];
  const [plural = "", name = "", subresource = "", ...more] = parts;
  const kind = registry.find(group, version, plural);
  if (kind === undefined || more.length > 0) throw pathNotFound();
  if (isNamespaced !== kind.namespaced && (isNamespaced || name !== "")) throw pathNotFound();
  if (!serves(kind, subresource)) throw pathNotFound();
  return { kind, namespace, name, subresource };
}

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

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** The verb of a request, as discovery and audit logs name it. Throws 405. */
export function verbOf(method: string, target: Target, query: URLSearchParams): Verb {
  const hasName = target.name !== "";
  switch (method) {
    case "GET":
      if (hasName) return "get";
      return isTrue(query.get("watch")) ? "watch" : "list";
    case "POST":
      if (hasName) throw methodNotAllowed();
      return "create";
    case "PUT":
      if (!hasName) throw methodNotAllowed();
      return "update";
    case "PATCH":
      if (!hasName) throw methodNotAllowed();
      return "patch";
    case "DELETE":
      if (target.subresource !== "") throw methodNotAllowed();
      return hasName ? "delete" : "deletecollection";
    default:
      throw methodNotAllowed();
  }
}

export const isTrue = (value: string | null): boolean => value === "true" || value === "1";
