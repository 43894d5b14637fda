import type { StoredObject } from "./store.ts";

/** A predicate for the objects that a list or watch selects. */
export function selects(namespace: string | undefined, query: URLSearchParams): (object: StoredObject) => boolean {
  const labels = requirements(query.get("labelSelector"));
  const fields = requirements(query.get("fieldSelector"));
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    labels.every(({ name, value }) => isMet(object.metadata.labels?.[name], value)) &&
    fields.every(({ name, value }) => isMet(fieldOf(object, name.split(".")), value));
}

interface Requirement {
  readonly name: string;
  /** Undefined: the name must exist. */
  readonly value: string | undefined;
}

function requirements(text: string | null): readonly Requirement[] {
  return (text ?? "")
    .split(",")
    .filter((part) => part !== "")
    .map((part) => part.split("="))
    .map(([name = "", value]) => ({ name, value }));
}

function isMet(found: unknown, value: string | undefined): boolean {
  return value === undefined ? found !== undefined : found === value;
}

function fieldOf(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  return typeof value === "object" && value !== null
    ? fieldOf(new Map<string, unknown>(Object.entries(value)).get(name), rest)
    : undefined;
}
