import { nameOf, namespaceOf, ownersOf, type ApiObject, type Owner } from "../values/api-object.ts";

/** Where an object lies in the store. */
export interface Place {
  readonly collection: string;
  readonly namespace: string;
  readonly name: string;
}

/** Objects by the UIDs of their owners and all living UIDs: what garbage collection asks. */
export interface OwnerIndex {
  dependentsOf(uid: string): readonly Place[];
  /** Where the object with this UID lies; undefined when there is none. */
  placeOf(uid: string): Place | undefined;
  update(collection: string, before: ApiObject | undefined, after: ApiObject | undefined): void;
}

/** An empty index from owners to what they own. */
export function ownerIndex(): OwnerIndex {
  const dependents = new Map<string, Map<string, Place>>();
  const living = new Map<string, Place>();

  const link = (uid: string, key: string, place: Place): void => {
    const places = dependents.get(uid) ?? new Map<string, Place>();
    places.set(key, place);
    dependents.set(uid, places);
  };

  const unlink = (uid: string, key: string): void => {
    const places = dependents.get(uid);
    places?.delete(key);
    if (places?.size === 0) dependents.delete(uid);
  };

  const relive = (before: ApiObject | undefined, after: ApiObject | undefined, place: Place): void => {
    if (before !== undefined && after?.metadata.uid !== before.metadata.uid) living.delete(before.metadata.uid);
    if (after !== undefined) living.set(after.metadata.uid, place);
  };

  return {
    dependentsOf: (uid) => [...(dependents.get(uid)?.values() ?? [])],
    placeOf: (uid) => living.get(uid),
    update: (collection, before, after) => {
      const object = after ?? before;
      if (object === undefined) return;
      const place = { collection, namespace: namespaceOf(object), name: nameOf(object) };
      relive(before, after, place);
      if (before?.metadata["ownerReferences"] === after?.metadata["ownerReferences"]) return;
      const key = `${collection}/${place.namespace}/${place.name}`;
      for (const { uid } of ownersOfAny(before)) unlink(uid, key);
      for (const { uid } of ownersOfAny(after)) link(uid, key, place);
    },
  };
}

const ownersOfAny = (object: ApiObject | undefined): readonly Owner[] => (object === undefined ? [] : ownersOf(object));
