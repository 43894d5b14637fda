import { collectionKey } from "../kinds/served-kind.ts";
import { isBeingDeleted, apiObject, type Draft } from "../values/api-object.ts";
import { timestamp, type Context } from "../verbs/context.ts";
import { deleteObject, plainDeletion } from "../verbs/delete.ts";

const collection = collectionKey("", "namespaces");

/** The namespaces of a new cluster. */
const initial = ["default", "kube-node-lease", "kube-public", "kube-system"] as const;

/** Creates the namespaces of a new cluster. */
export function seedNamespaces({ store, clock, newUid }: Context): void {
  for (const name of initial) {
    const namespace: Draft = {
      kind: "Namespace",
      apiVersion: "v1",
      metadata: {
        name,
        uid: newUid(),
        creationTimestamp: timestamp(clock),
        labels: { "kubernetes.io/metadata.name": name },
      },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    };
    store.put(store.collection(collection), namespace);
  }
}

/** Deletes the contents of a terminating namespace, and the namespace once it is empty. */
export function emptyNamespace(context: Context, name: string): void {
  const { store, registry } = context;
  const namespace = store.collection(collection).record("", name)?.object;
  if (namespace === undefined || !isBeingDeleted(namespace)) return;
  let left = 0;
  for (const { key } of store.collections()) {
    const kind = registry.ofCollection(key);
    if (kind === undefined || !kind.namespaced) continue;
    for (const { object } of store.collection(key).records(name)) {
      if (!isBeingDeleted(object))
        deleteObject(context, kind, object, plainDeletion("Background", object.metadata.uid));
    }
    left += store.collection(key).records(name).length;
  }
  if (left === 0) store.remove(store.collection(collection), apiObject({ ...namespace, spec: {} }));
}
