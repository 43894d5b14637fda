import type { ApiObject } from "../values/api-object.ts";

/**
 * Stored objects that have a default which a real server stores only with the next write: a custom resource's status
 * goes at creation, and its default comes with every reading. The first write is one even if it changes nothing.
 */
const unwritten = new WeakSet<ApiObject>();

/** Remembers that the object was created without its default of `status`. */
export function noteReadDefaults<T extends ApiObject>(object: T): T {
  unwritten.add(object);
  return object;
}

/** Whether a value in this object came from a default of the schema and was never written. */
export function hasReadDefaults(object: ApiObject): boolean {
  return unwritten.has(object);
}
