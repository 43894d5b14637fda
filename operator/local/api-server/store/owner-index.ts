import { nameOf, namespaceOf, ownersOf, type ApiObject, type Owner } from "../values/api-object.ts";

/** The collection, namespace and name of a stored object. */
export interface ObjectKey {
  readonly collection: string;
  readonly namespace: string;
  readonly name: string;
}

/** An index of objects by UID and by their owners' UIDs, for garbage collection. */
export interface OwnerIndex {
  dependentsOf(uid: string): readonly ObjectKey[];
  /** The key of the object with this UID; undefined when there is none. */
  keyOf(uid: string): ObjectKey | undefined;
  update(collection: string, before: ApiObject | undefined, after: ApiObject | undefined): void;
}

/** Creates an empty owner index. */
export function ownerIndex(): OwnerIndex {
  const dependents = new Map<string, Map<string, ObjectKey>>();
  const byUid = new Map<string, ObjectKey>();

  const link = (uid: string, id: string, key: ObjectKey): void => {
    const keys = dependents.get(uid) ?? new Map<string, ObjectKey>();
    keys.set(id, key);
    dependents.set(uid, keys);
  };

  const unlink = (uid: string, id: string): void => {
    const keys = dependents.get(uid);
    keys?.delete(id);
    if (keys?.size === 0) dependents.delete(uid);
  };

  const updateUid = (before: ApiObject | undefined, after: ApiObject | undefined, key: ObjectKey): void => {
    if (before !== undefined && after?.metadata.uid !== before.metadata.uid) byUid.delete(before.metadata.uid);
    if (after !== undefined) byUid.set(after.metadata.uid, key);
  };

  return {
    dependentsOf: (uid) => [...(dependents.get(uid)?.values() ?? [])],
    keyOf: (uid) => byUid.get(uid),
    update: (collection, before, after) => {
      const object = after ?? before;
      if (object === undefined) return;
      const key = { collection, namespace: namespaceOf(object), name: nameOf(object) };
      updateUid(before, after, key);
      if (before?.metadata["ownerReferences"] === after?.metadata["ownerReferences"]) return;
      const id = `${collection}/${key.namespace}/${key.name}`;
      for (const { uid } of ownersOrNone(before)) unlink(uid, id);
      for (const { uid } of ownersOrNone(after)) link(uid, id, key);
    },
  };
}

const ownersOrNone = (object: ApiObject | undefined): readonly Owner[] =>
  object === undefined ? [] : ownersOf(object);
