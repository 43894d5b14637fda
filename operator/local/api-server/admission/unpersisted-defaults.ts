import type { ApiObject } from "../values/api-object.ts";

/**
 * Stored objects with a status default that a real server would not have persisted yet: it drops a custom resource's
 * status at creation and applies the default on every read. The next write persists it, even if it changes nothing else.
 */
const unpersisted = new WeakSet<ApiObject>();

/** Marks an object whose default of `status` is not persisted yet. */
export function markUnpersistedDefault<T extends ApiObject>(object: T): T {
  unpersisted.add(object);
  return object;
}

/** Whether the object has a default that is not persisted yet. */
export function hasUnpersistedDefault(object: ApiObject): boolean {
  return unpersisted.has(object);
}
