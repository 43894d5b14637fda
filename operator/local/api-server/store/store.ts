import { nameOf, namespaceOf, apiObject, type ApiObject, type Draft } from "../values/api-object.ts";
import { createCollection, type Collection, type WritableCollection } from "./collection.ts";
import { createHistory } from "./history.ts";
import { ownerIndex, type OwnerIndex } from "./owner-index.ts";
import type { Change, StoredRecord } from "./stored-record.ts";

/** The object store (etcd's role): collections under one revision counter. All calls are synchronous. */
export interface Store {
  /** Revision of the last write, which is the resourceVersion of lists. */
  revision(): number;
  /** The collection of a resource, created on first access. */
  collection(key: string): Collection;
  collections(): readonly Collection[];
  /** Writes an object under the next revision and notifies the subscribers. */
  put(collection: Collection, object: Draft): ApiObject;
  /** Removes an object; the deletion gets the next revision. */
  remove(collection: Collection, object: ApiObject): ApiObject;
  /** Objects by owner. */
  readonly owners: OwnerIndex;
  /** Calls the listener for every later change of any collection; returns the function that unsubscribes it. */
  subscribe(listener: (change: Change) => void): () => void;
  /** Drops the history: resuming a watch from an older revision answers 410 afterwards. */
  compact(): void;
}

/** Creates an empty store; each collection keeps `historySize` changes for resuming watches. */
export function createStore(historySize: number): Store {
  const collections = new Map<string, WritableCollection>();
  const listeners = new Set<(change: Change) => void>();
  const owners = ownerIndex();
  let revision = 1;

  const collection = (key: string): WritableCollection => {
    let found = collections.get(key);
    if (found === undefined) {
      found = createCollection(key, createHistory(historySize));
      collections.set(key, found);
    }
    return found;
  };

  const commit = (key: string, object: Draft, isGone: boolean): ApiObject => {
    const target = collection(key);
    revision += 1;
    const stamped = apiObject(object, String(revision));
    const record: StoredRecord = { object: stamped, revision };
    const [namespace, name] = [namespaceOf(stamped), nameOf(stamped)];
    const before = target.record(namespace, name);
    target.put(namespace, name, isGone ? undefined : record);
    owners.update(key, before?.object, isGone ? undefined : stamped);
    const change: Change = { type: changeType(before, isGone), collection: key, record, before };
    target.publish(change);
    for (const listener of listeners) listener(change);
    return stamped;
  };

  return {
    revision: () => revision,
    collection,
    collections: () => [...collections.values()],
    put: ({ key }, object) => commit(key, object, false),
    remove: ({ key }, object) => commit(key, object, true),
    owners,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    compact: () => {
      for (const { history } of collections.values()) history.forget(revision);
    },
  };
}

function changeType(before: StoredRecord | undefined, isGone: boolean): Change["type"] {
  if (isGone) return "DELETED";
  return before === undefined ? "ADDED" : "MODIFIED";
}
