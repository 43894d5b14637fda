import type { Client, ObjectKey } from "../../kube/client.ts";
import { kubeFaults } from "../../kube/faults.ts";
import type { KubeObject, ObjectMeta, Stored } from "../../kube/kinds.ts";
import type { Resource } from "../../kube/resources.ts";
import type { SimulatedCluster } from "./cluster.ts";

/** Told before every write; what it throws is thrown instead of writing. */
export type BeforeWrite = (write: string) => void;

/**
 * The verbs that a reconcile uses, on a simulated cluster, with the API server's rules about names, preconditions and
 * null members. Apply merges: field ownership is not simulated.
 */
export function createMemoryClient(cluster: SimulatedCluster, beforeWrite: BeforeWrite = () => {}): Client {
  const found = <T>({ kind }: Resource, { namespace = "default", name }: ObjectKey): (T & Stored) | undefined =>
    cluster.at(kind, { namespace, name }) as (T & Stored) | undefined; // stored under the kind that is asked for
  const current = <T>(resource: Resource, key: ObjectKey, expected: Partial<ObjectMeta>): T & Stored => {
    const operation = `change ${resource.kind} ${key.name}`;
    const object = found<T>(resource, key);
    if (object === undefined) throw kubeFaults.NotFound({ operation, message: "not found" });
    const { uid, resourceVersion } = object.metadata;
    const isOther = (expected.uid ?? uid) !== uid || (expected.resourceVersion ?? resourceVersion) !== resourceVersion;
    if (isOther) throw kubeFaults.Conflict({ operation, message: "the object has been modified" });
    return object;
  };
  const changed = <T>(resource: Resource, key: ObjectKey, change: { readonly metadata?: ObjectMeta }): T & Stored => {
    beforeWrite(`change ${resource.kind} ${key.name}`);
    const before = current<T>(resource, key, change.metadata ?? {});
    return cluster.put(merged(before, change) as T & KubeObject & Stored); // our changes leave kind and name alone
  };
  return {
    get: async <T>(resource: Resource, key: ObjectKey) => found<T>(resource, key),
    create: async (resource, object) => {
      const { namespace, name = "" } = object.metadata;
      beforeWrite(`create ${resource.kind} ${name}`);
      if (found(resource, { namespace, name }) === undefined) return cluster.put(object);
      throw kubeFaults.AlreadyExists({ operation: `create ${resource.kind} ${name}`, message: "already exists" });
    },
    apply: async (resource, object) => changed(resource, keyOf(object), object),
    applyStatus: async <T extends KubeObject>(resource: Resource, object: T) => {
      beforeWrite(`status of ${resource.kind} ${object.metadata.name}`);
      const before = current<T>(resource, keyOf(object), object.metadata);
      // What status no longer says goes, as with fields that their only owner no longer applies.
      return cluster.put({
        ...before,
        ...object,
        metadata: before.metadata,
        ...("spec" in before ? { spec: before.spec } : {}),
      });
    },
    mergePatch: async (resource, key, patch) => changed(resource, key, patch),
    remove: async (resource, key, { preconditions = {} } = {}) => {
      beforeWrite(`delete ${resource.kind} ${key.name}`);
      if (found(resource, key) === undefined) return false;
      cluster.delete(current<KubeObject>(resource, key, preconditions));
      return true;
    },
    list: () => Promise.reject(new Error("a simulated cluster is not listed")),
    openWatch: () => Promise.reject(new Error("a simulated cluster is not watched")),
  };
}

function keyOf({ metadata }: KubeObject): ObjectKey {
  return { namespace: metadata.namespace, name: metadata.name ?? "" };
}

/** JSON merge patch (RFC 7396). */
function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
