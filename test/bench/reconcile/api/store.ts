import { randomUUID } from "node:crypto";
import { serialised } from "./managed-fields.ts";

/** An object in the store, without `managedFields`, which are added to its JSON only. */
export interface StoredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

/** The metadata of a stored object. */
export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[];
  readonly [field: string]: unknown;
}

/** An object with its JSON. */
export interface Entry {
  readonly object: StoredObject;
  /** JSON for clients. */
  readonly text: string;
}

/** The type of a watch event. */
export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

/** All objects of one kind. */
export interface Collection {
  /** By `<namespace>/<name>`. */
  readonly entries: Map<string, Entry>;
  readonly watchers: Set<(type: ChangeType, entry: Entry) => void>;
  /** Newest version of this kind; earlier versions have expired. */
  newest: number;
}

/** Objects by kind, with one counter of versions. */
export interface Store {
  collection(plural: string): Collection;
  version(): number;
  /** Stores the next state of an object, which `make` builds with its version. */
  put(plural: string, key: string, make: (version: string) => StoredObject): Entry;
  remove(plural: string, key: string): void;
  /** Calls `onChange` for every change. */
  subscribe(onChange: (plural: string, type: ChangeType, entry: Entry) => void): void;
}

/** Creates an empty store. */
export function createStore(): Store {
  const collections = new Map<string, Collection>();
  const subscribers: ((plural: string, type: ChangeType, entry: Entry) => void)[] = [];
  let version = 1_000;
  const collection = (plural: string): Collection => {
    const known = collections.get(plural);
    if (known !== undefined) return known;
    const created: Collection = { entries: new Map(), watchers: new Set(), newest: 0 };
    collections.set(plural, created);
    return created;
  };
  const notify = (plural: string, type: ChangeType, entry: Entry): void => {
    const { watchers } = collection(plural);
    for (const watcher of watchers) watcher(type, entry);
    for (const subscriber of subscribers) subscriber(plural, type, entry);
  };
  return {
    collection,
    version: () => version,
    put(plural, key, make) {
      const kept = collection(plural);
      const type = kept.entries.has(key) ? "MODIFIED" : "ADDED";
      version += 1;
      kept.newest = version;
      const object = make(String(version));
      const entry = { object, text: serialised(object) };
      kept.entries.set(key, entry);
      notify(plural, type, entry);
      return entry;
    },
    remove(plural, key) {
      const kept = collection(plural);
      const last = kept.entries.get(key);
      if (last === undefined) return;
      kept.entries.delete(key);
      version += 1;
      kept.newest = version;
      const object = { ...last.object, metadata: { ...last.object.metadata, resourceVersion: String(version) } };
      notify(plural, "DELETED", { object, text: serialised(object) });
    },
    subscribe: (onChange) => void subscribers.push(onChange),
  };
}

/** The metadata that the server adds to a new object. */
export function identity(): { readonly uid: string; readonly creationTimestamp: string; readonly generation: number } {
  return { uid: randomUUID(), creationTimestamp: `${new Date().toISOString().slice(0, 19)}Z`, generation: 1 };
}

/** The key `<namespace>/<name>`. */
export function keyOf({ metadata }: Pick<StoredObject, "metadata">): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}
