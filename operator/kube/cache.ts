import type { KubeObject, Stored } from "./kinds.ts";
import type { ObjectKey } from "./client.ts";

/** What a watch tells about the objects of its selection. `Cache` is one; tests and simulations have others. */
export interface WatchSink<T extends KubeObject> {
  /** The whole state at once: after the start, and after every gap that cannot be bridged. */
  replace(objects: readonly (T & Stored)[], resourceVersion: string): void;
  upsert(object: T & Stored): void;
  remove(object: T & Stored): void;
  /** Everything up to here has been told. */
  bookmark(resourceVersion: string): void;
  /** What it would keep of an object: a whole state is gathered of this before it is told. */
  readonly trim?: ((object: T & Stored) => T & Stored) | undefined;
}

/** One change of the cache. A resync that finds an object unchanged tells nothing. */
export type CacheChange<T extends KubeObject> =
  | { readonly type: "added"; readonly object: T & Stored; readonly previous?: undefined }
  | { readonly type: "modified"; readonly object: T & Stored; readonly previous: T & Stored }
  | { readonly type: "removed"; readonly object: T & Stored; readonly previous?: undefined };

export interface CacheOptions<T extends KubeObject, Index extends string> {
  /** For each index the keys under which an object is found: a label's value, owners' UIDs. */
  readonly indexes?: Readonly<Record<Index, (object: T & Stored) => readonly string[]>>;
  /** Drops what is never read. `metadata.managedFields` is dropped before it is called. */
  readonly trim?: (object: T & Stored) => T & Stored;
}

/** The last known state of one kind. Objects are shared: never change them. */
export interface Cache<T extends KubeObject, Index extends string = never> extends WatchSink<T> {
  readonly size: number;
  /** True from the first complete state on. */
  readonly synced: boolean;
  /** Newest resourceVersion told; "0" before the first. */
  readonly resourceVersion: string;
  /** Resolves with the first complete state. */
  untilSynced(): Promise<void>;
  find(key: ObjectKey): (T & Stored) | undefined;
  withUid(uid: string): (T & Stored) | undefined;
  all(): readonly (T & Stored)[];
  withIndex(index: Index, key: string): readonly (T & Stored)[];
  /** Whether a write that returned this resourceVersion is reflected here. */
  hasSeen(resourceVersion: string): boolean;
  /** Resolves as soon as `hasSeen`. Cap it: a write outside the watched selection is never seen. */
  untilSeen(resourceVersion: string): Promise<void>;
  /** Tells each change after it is visible here; the returned function ends it. */
  subscribe(onChange: (change: CacheChange<T>) => void): () => void;
}

/** An empty cache, to be filled by `startWatch`. */
export function createCache<T extends KubeObject, Index extends string = never>(
  options: CacheOptions<T, Index> = {},
): Cache<T, Index> {
  const store = createStore<T, Index>(options);
  const tide = createTide();
  const subscribers = new Set<(change: CacheChange<T>) => void>();
  const tell = (change: CacheChange<T>): void => {
    for (const subscriber of subscribers) subscriber(change);
  };
  return {
    get size() {
      return store.size();
    },
    get synced() {
      return tide.synced();
    },
    get resourceVersion() {
      return String(tide.level());
    },
    untilSynced: () => tide.untilSynced,
    find: (key) => store.find(key),
    withUid: (uid) => store.withUid(uid),
    all: () => store.all(),
    withIndex: (index, key) => store.withIndex(index, key),
    hasSeen: (resourceVersion) => tide.level() >= BigInt(resourceVersion),
    untilSeen: (resourceVersion) => tide.reaches(BigInt(resourceVersion)),
    subscribe(onChange) {
      subscribers.add(onChange);
      return () => void subscribers.delete(onChange);
    },
    ...sinkInto<T>({ store, tide, tell, trim: options.trim }),
  };
}

interface SinkParts<T extends KubeObject> {
  readonly store: Store<T, never>;
  readonly tide: Tide;
  readonly tell: (change: CacheChange<T>) => void;
  readonly trim: ((object: T & Stored) => T & Stored) | undefined;
}

function sinkInto<T extends KubeObject>({ store, tide, tell, trim }: SinkParts<T>): WatchSink<T> {
  const drop = (object: T & Stored): void => {
    if (store.delete(object)) tell({ type: "removed", object });
  };
  const put = (raw: T & Stored): void => {
    const object = trimmed(raw, trim);
    const sameName = store.find(object.metadata);
    // Deleted and made anew while nobody looked: two objects, so two changes.
    if (sameName !== undefined && sameName.metadata.uid !== object.metadata.uid) drop(sameName);
    const previous = sameName?.metadata.uid === object.metadata.uid ? sameName : undefined;
    if (previous?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    store.set(object);
    tell(previous === undefined ? { type: "added", object } : { type: "modified", object, previous });
  };
  return {
    replace(objects, resourceVersion) {
      const uids = new Set(store.size() === 0 ? [] : objects.map((object) => object.metadata.uid));
      for (const object of store.all()) if (!uids.has(object.metadata.uid)) drop(object);
      for (const object of objects) put(object);
      tide.turn(BigInt(resourceVersion));
    },
    upsert(object) {
      const known = store.known(object)?.metadata.resourceVersion;
      // Streams of several servers may overlap: what is known already is never taken back.
      if (known === undefined || BigInt(known) < BigInt(object.metadata.resourceVersion)) put(object);
      tide.rise(BigInt(object.metadata.resourceVersion));
    },
    remove(object) {
      const known = store.known(object);
      if (known !== undefined) drop(known);
      tide.rise(BigInt(object.metadata.resourceVersion));
    },
    bookmark: (resourceVersion) => tide.rise(BigInt(resourceVersion)),
    trim,
  };
}

/** How far the cache has come, and who waits for it to come further. */
interface Tide {
  level(): bigint;
  rise(resourceVersion: bigint): void;
  /** A whole state counts as it is, also when it is older: then the server was set back to a backup. */
  turn(resourceVersion: bigint): void;
  reaches(resourceVersion: bigint): Promise<void>;
  synced(): boolean;
  readonly untilSynced: Promise<void>;
}

function createTide(): Tide {
  const first = Promise.withResolvers<void>();
  const waiters = new Set<{ readonly resourceVersion: bigint; readonly resolve: () => void }>();
  let level = 0n;
  let isSynced = false;
  const rise = (resourceVersion: bigint): void => {
    if (resourceVersion > level) level = resourceVersion;
    for (const waiter of waiters) {
      if (waiter.resourceVersion > level) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  };
  return {
    level: () => level,
    rise,
    turn(resourceVersion) {
      level = resourceVersion;
      rise(resourceVersion);
      isSynced = true;
      first.resolve();
    },
    reaches: (resourceVersion) =>
      new Promise((resolve) => {
        if (level >= resourceVersion) resolve();
        else waiters.add({ resourceVersion, resolve });
      }),
    synced: () => isSynced,
    untilSynced: first.promise,
  };
}

function trimmed<T extends KubeObject>(
  raw: T & Stored,
  trim: ((object: T & Stored) => T & Stored) | undefined,
): T & Stored {
  const object = "managedFields" in raw.metadata ? withoutManagedFields(raw) : raw;
  return trim === undefined ? object : trim(object);
}

function withoutManagedFields<T extends KubeObject>(raw: T & Stored): T & Stored {
  const { managedFields: _dropped, ...metadata } = raw.metadata as (T & Stored)["metadata"] & {
    managedFields?: unknown;
  }; // on the wire, though no kind of ours names it
  return { ...raw, metadata };
}

interface Store<T extends KubeObject, Index extends string> {
  size(): number;
  all(): readonly (T & Stored)[];
  find(key: { namespace?: string | undefined; name: string }): (T & Stored) | undefined;
  withUid(uid: string): (T & Stored) | undefined;
  /** What is known of this very object. */
  known(object: T & Stored): (T & Stored) | undefined;
  withIndex(index: Index, key: string): readonly (T & Stored)[];
  set(object: T & Stored): void;
  delete(object: T & Stored): boolean;
}

type Keys<T extends KubeObject> = (object: T & Stored) => readonly string[];

/** Objects by namespace, then by name (a key of both in one would have to be written for every look-up), with indexes kept in step. */
function createStore<T extends KubeObject, Index extends string>({ indexes }: CacheOptions<T, Index>): Store<T, Index> {
  const byName = new Map<string, Map<string, T & Stored>>();
  let size = 0;
  const indexed = new Map(
    Object.entries<Keys<T>>(indexes ?? {}).map(([name, keys]) => [name, createIndex(keys)] as const),
  );
  /** Made when it is first asked for: most kinds are never looked up by UID alone. */
  let byUid: ObjectIndex<T> | undefined;
  const all = (): readonly (T & Stored)[] => [...byName.values()].flatMap((named) => [...named.values()]);
  const each = (tell: (index: ObjectIndex<T>) => void): void => {
    indexed.forEach(tell);
    if (byUid !== undefined) tell(byUid);
  };
  const find: Store<T, Index>["find"] = ({ namespace = "", name }) => byName.get(namespace)?.get(name);
  const known: Store<T, Index>["known"] = ({ metadata }) => {
    const found = find(metadata);
    return found?.metadata.uid === metadata.uid ? found : undefined;
  };
  return {
    size: () => size,
    all,
    find,
    known,
    withUid(uid) {
      if (byUid === undefined) {
        byUid = createIndex(({ metadata }) => [metadata.uid]);
        for (const object of all()) byUid.add(object);
      }
      return byUid.under(uid)[0];
    },
    withIndex: (index, key) => indexed.get(index)?.under(key) ?? [],
    set(object) {
      const { namespace = "", name } = object.metadata;
      const named = byName.get(namespace) ?? new Map<string, T & Stored>();
      const previous = named.get(name);
      byName.set(namespace, named.set(name, object));
      if (previous === undefined) size += 1;
      else each((index) => index.remove(previous));
      each((index) => index.add(object));
    },
    delete(object) {
      const { namespace = "", name } = object.metadata;
      const named = byName.get(namespace);
      const found = known(object);
      if (named === undefined || found === undefined) return false;
      named.delete(name);
      if (named.size === 0) byName.delete(namespace);
      size -= 1;
      each((index) => index.remove(found));
      return true;
    },
  };
}

interface ObjectIndex<T extends KubeObject> {
  add(object: T & Stored): void;
  remove(object: T & Stored): void;
  under(key: string): readonly (T & Stored)[];
}

function createIndex<T extends KubeObject>(keys: Keys<T>): ObjectIndex<T> {
  const found = new Map<string, readonly (T & Stored)[]>();
  return {
    add(object) {
      // Joined, not spread: that would leave room for sixteen more.
      for (const key of keys(object)) found.set(key, found.get(key)?.concat([object]) ?? [object]);
    },
    remove(object) {
      for (const key of keys(object)) {
        const others = found.get(key)?.filter((other) => other !== object) ?? [];
        if (others.length === 0) found.delete(key);
        else found.set(key, others.slice());
      }
    },
    under: (key) => found.get(key) ?? [],
  };
}
