import { nameOf, namespaceOf, sealed, type ApiObject, type Draft } from "../values/api-object.ts";
import { createCollection, type Collection, type WritableCollection } from "./collection.ts";
import { createHistory } from "./history.ts";
import { ownerIndex, type OwnerIndex } from "./owner-index.ts";
import type { Change, StoredRecord } from "./record.ts";

/** Everything the server remembers: collections under one revision counter. All calls are synchronous. */
export interface Store {
  /** Revision of the last write; the resourceVersion of lists. */
  revision(): number;
  /** The collection of a resource, made when first asked for. */
  collection(key: string): Collection;
  collections(): readonly Collection[];
  /** Writes an object under the next revision and tells the watches. */
  put(collection: Collection, object: Draft): ApiObject;
  /** Removes an object; the deletion has a revision of its own. */
  remove(collection: Collection, object: ApiObject): ApiObject;
  /** Which objects name an owner. */
  readonly owners: OwnerIndex;
  /** Calls back for every later change of any collection; the returned function ends it. */
  subscribe(listener: (change: Change) => void): () => void;
  /** Forgets the history: resuming a watch from an older revision answers 410 from now on. */
  compact(): void;
}

/** An empty store; each collection remembers `historySize` changes for watches that come back. */
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
    const stamped = sealed(object, String(revision));
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
