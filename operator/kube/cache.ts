import type { ObjectKey } from "./client.ts";
import type { KubeObject, Stored } from "./kinds.ts";
import { createObjectStore, type ObjectStore } from "./store/object-store.ts";
import { type TemplatePacker, createTemplatePacker } from "./store/template-packer.ts";
import { type ObjectIdentity, identityOf, type Packed, unpacked } from "./store/packed.ts";
import type { ObjectProjection } from "./json/event-projection.ts";

/** What a watch tells about the objects of its selection. `Cache` is one; tests and simulations have others. */
export interface WatchSink<T extends KubeObject> {
  /** The whole state at once: after the start, and after every gap that cannot be bridged. */
  replace(objects: readonly (T & Stored)[], resourceVersion: string): void;
  /** `json`: as it came. */
  upsert(object: T & Stored, json?: Buffer): void;
  /** `upsert` by an object's JSON alone: its resourceVersion, undefined when it has to be read. Absent: it has to be. */
  take?(json: Buffer): string | undefined;
  remove(object: T & Stored): void;
  /** Everything up to here has been told. */
  bookmark(resourceVersion: string): void;
  /** For a whole state that comes object by object; absent: it is gathered for `replace`. */
  gather?(kept?: ObjectProjection): StateBuilder<T>;
}

/** Takes a whole state object by object, each in as little memory as the sink keeps it. */
export interface StateBuilder<T extends KubeObject> {
  add(object: T & Stored, json?: Buffer): void;
  /** Takes an object by its JSON alone; false when it has to be read. */
  take?(json: Buffer): boolean;
  /** It is gone again before the state is complete. */
  remove(object: T & Stored): void;
  /** Tells it, as `replace` does. */
  complete(resourceVersion: string): void;
}

/** One change of the cache. A resync that finds an object unchanged tells nothing. */
export type CacheChange<T extends KubeObject> =
  | { readonly type: "added"; readonly object: T & Stored; readonly previous?: undefined }
  | { readonly type: "modified"; readonly object: T & Stored; readonly previous: T & Stored }
  | { readonly type: "removed"; readonly object: T & Stored; readonly previous?: undefined };

/** What is kept of objects and how they are found. */
export interface CacheOptions<T extends KubeObject, Index extends string> {
  /** For each index the keys under which an object is found: a label's value, owners' UIDs. */
  readonly indexes?: Readonly<Record<Index, (object: T & Stored) => readonly string[]>>;
  /** Drops what is never read. `metadata.managedFields` is dropped before it is called. */
  readonly trim?: (object: T & Stored) => T & Stored;
  /** Names of the members by whose texts `trim` decides what it drops; absent: it may look at any. */
  readonly trimmedBy?: readonly string[];
  /**
   * When there are this many objects, further ones are kept in a fraction of their memory, and made anew when they are asked
   * for: equal, but not the same. Absent: all are kept as they come, which is faster.
   */
  readonly packedFrom?: number;
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
  /** Who is there in which state: much cheaper to tell than the object where these are packed. */
  identityAt(key: ObjectKey): ObjectIdentity | undefined;
  identitiesWith(index: Index, key: string): readonly ObjectIdentity[];
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
  const store = createObjectStore<T, Index>(options);
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
    identityAt: (key) => store.identityAt(key),
    identitiesWith: (index, key) => store.identitiesWith(index, key),
    hasSeen: (resourceVersion) => tide.level() >= BigInt(resourceVersion),
    untilSeen: (resourceVersion) => tide.reaches(BigInt(resourceVersion)),
    subscribe(onChange) {
      subscribers.add(onChange);
      return () => void subscribers.delete(onChange);
    },
    ...sinkInto<T>({ ...options, store, tide, tell }),
  };
}

interface SinkParts<T extends KubeObject> {
  readonly store: ObjectStore<T, never>;
  readonly tide: Tide;
  readonly tell: (change: CacheChange<T>) => void;
  readonly trim?: (object: T & Stored) => T & Stored;
  readonly trimmedBy?: readonly string[];
  readonly packedFrom?: number;
}

/** What changes a store, and tells so. */
interface Changes<T extends KubeObject> {
  readonly put: (object: T & Stored, packed: Packed<T & Stored>) => void;
  readonly drop: (object: T & Stored) => void;
  /** Streams of several servers may overlap: what is known already is never taken back. */
  readonly isNews: (object: T & Stored) => boolean;
}

function changesOf<T extends KubeObject>({ store, tell }: Pick<SinkParts<T>, "store" | "tell">): Changes<T> {
  const drop = (object: T & Stored): void => {
    if (store.delete(object)) tell({ type: "removed", object });
  };
  return {
    drop,
    put(object, packed) {
      const sameName = store.find(object.metadata);
      // Deleted and made anew while nobody looked: two objects, so two changes.
      if (sameName !== undefined && sameName.metadata.uid !== object.metadata.uid) drop(sameName);
      const previous = sameName?.metadata.uid === object.metadata.uid ? sameName : undefined;
      if (previous?.metadata.resourceVersion === object.metadata.resourceVersion) return;
      store.set(object, packed);
      tell(previous === undefined ? { type: "added", object } : { type: "modified", object, previous });
    },
    isNews(object) {
      const known = store.known(object)?.metadata.resourceVersion;
      return known === undefined || BigInt(known) < BigInt(object.metadata.resourceVersion);
    },
  };
}

function sinkInto<T extends KubeObject>(parts: SinkParts<T>): WatchSink<T> {
  const { store, tide, trim, packedFrom = Number.POSITIVE_INFINITY } = parts;
  const { put, drop, isNews } = changesOf<T>(parts);
  const packed = (object: T & Stored, others: number) => (others < packedFrom ? object : store.pack(object));
  let casting: TemplatePacker<T & Stored> | undefined;
  const replaceBy = (state: readonly Packed<T & Stored>[], resourceVersion: string): void => {
    goneFrom(store.all(), state).forEach(drop);
    for (const one of state) put(unpacked(one), one);
    tide.turn(BigInt(resourceVersion));
  };
  return {
    replace: (objects, resourceVersion) =>
      replaceBy(
        objects.map((raw, others) => packed(trimmed(raw, trim), others)),
        resourceVersion,
      ),
    gather(kept) {
      let state: Packed<T & Stored>[] = [];
      casting ??= kept && castingOf(kept, parts);
      return {
        add(raw, json) {
          const object = trimmed(raw, trim);
          if (json !== undefined) casting?.learn(json, object);
          state.push(packed(object, state.length));
        },
        take(json) {
          const cast = casting?.cast(json);
          if (cast !== undefined) state.push(state.length < packedFrom ? unpacked(cast) : cast);
          return cast !== undefined;
        },
        remove: ({ metadata }) => void (state = state.filter((one) => identityOf(one).uid !== metadata.uid)),
        complete: (resourceVersion) => replaceBy(state, resourceVersion),
      };
    },
    upsert(raw, json) {
      if (isNews(raw)) {
        const object = trimmed(raw, trim);
        if (json !== undefined) casting?.learn(json, object);
        put(object, packed(object, store.size()));
      }
      tide.rise(BigInt(raw.metadata.resourceVersion));
    },
    take(json) {
      const cast = casting?.cast(json);
      if (cast === undefined) return undefined;
      const object = unpacked(cast);
      const { resourceVersion } = object.metadata;
      if (isNews(object)) put(object, store.size() < packedFrom ? object : cast);
      tide.rise(BigInt(resourceVersion));
      return resourceVersion;
    },
    remove(object) {
      const known = store.known(object);
      if (known !== undefined) drop(known);
      tide.rise(BigInt(object.metadata.resourceVersion));
    },
    bookmark: (resourceVersion) => tide.rise(BigInt(resourceVersion)),
  };
}

/** Those of the known objects that a whole state does not have. */
function goneFrom<T extends KubeObject>(known: readonly (T & Stored)[], state: readonly Packed<T & Stored>[]) {
  const uids = new Set(known.length === 0 ? [] : state.map((one) => identityOf(one).uid));
  return known.filter(({ metadata }) => !uids.has(metadata.uid));
}

/** Undefined where it cannot be told what objects that are alike have in common, or need not be. */
function castingOf<T extends KubeObject>(
  { keep, read }: ObjectProjection,
  { trim, trimmedBy, packedFrom }: SinkParts<T>,
): TemplatePacker<T & Stored> | undefined {
  if (packedFrom === undefined || (trim !== undefined && trimmedBy === undefined)) return undefined;
  const readObject = (json: Buffer): T & Stored => trimmed(read(json) as T & Stored, trim); // of the watch's kind
  return createTemplatePacker({ keep, read: readObject, telling: trimmedBy ?? [] });
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
