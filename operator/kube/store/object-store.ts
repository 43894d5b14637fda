import type { KubeObject, Stored } from "../kinds.ts";
import { identityOf, type ObjectIdentity, type Packed, unpacked } from "./packed.ts";
import { createPacker, type Packer } from "./packer.ts";

/** Objects by namespace and name, with indexes, stored packed. */
export interface ObjectStore<T extends KubeObject, Index extends string> {
  readonly pack: Packer<T & Stored>;
  size(): number;
  all(): readonly (T & Stored)[];
  find(key: Name): (T & Stored) | undefined;
  withUid(uid: string): (T & Stored) | undefined;
  /** The stored object with the same name and UID. */
  known(object: T & Stored): (T & Stored) | undefined;
  withIndex(index: Index, key: string): readonly (T & Stored)[];
  identityAt(key: Name): ObjectIdentity | undefined;
  identitiesWith(index: Index, key: string): readonly ObjectIdentity[];
  set(object: T & Stored, packed: Packed<T & Stored>): void;
  delete(object: T & Stored): boolean;
}

type Keys<T extends KubeObject> = (object: T & Stored) => readonly string[];

interface StoreOptions<T extends KubeObject, Index extends string> {
  readonly indexes?: Readonly<Record<Index, Keys<T>>>;
}

/** A reconcile reads fewer objects, some repeatedly. With more, they would live long enough to reach V8's old generation. */
const memoSize = 32;

/** An empty store. */
export function createObjectStore<T extends KubeObject, Index extends string>({
  indexes,
}: StoreOptions<T, Index>): ObjectStore<T, Index> {
  const unpackedCached = memoized(unpacked<T & Stored>, memoSize);
  const packedByName = createNames<Packed<T & Stored>>();
  const indexesByName = new Map(
    Object.entries<Keys<T>>(indexes ?? {}).map(([name, keys]) => [name, createIndex<T>(keys)] as const),
  );
  /** Created on first use: most kinds are never looked up by UID alone. */
  let byUid: ObjectIndex<T> | undefined;
  const forEachIndex = (visit: (index: ObjectIndex<T>) => void): void => {
    indexesByName.forEach(visit);
    if (byUid !== undefined) visit(byUid);
  };
  const find: ObjectStore<T, Index>["find"] = (key) => {
    const packed = packedByName.find(key);
    return packed === undefined ? undefined : unpackedCached(packed);
  };
  const known: ObjectStore<T, Index>["known"] = ({ metadata }) => {
    const object = find(metadata);
    return object?.metadata.uid === metadata.uid ? object : undefined;
  };
  return {
    pack: createPacker(),
    size: () => packedByName.size(),
    all: () => Array.from(packedByName.values(), unpacked),
    find,
    known,
    withUid(uid) {
      if (byUid === undefined) {
        byUid = createIndex(({ metadata }) => [metadata.uid]);
        for (const packed of packedByName.values()) byUid.add(unpacked(packed), packed);
      }
      return byUid.withKey(uid).map(unpackedCached)[0];
    },
    withIndex: (index, key) => indexesByName.get(index)?.withKey(key).map(unpackedCached) ?? [],
    identityAt(key) {
      const packed = packedByName.find(key);
      return packed === undefined ? undefined : identityOf(packed);
    },
    identitiesWith: (index, key) => indexesByName.get(index)?.withKey(key).map(identityOf) ?? [],
    set(object, packed) {
      const previous = packedByName.set(object.metadata, packed);
      if (previous !== undefined) forEachIndex((index) => index.remove(unpackedCached(previous), previous));
      forEachIndex((index) => index.add(object, packed));
    },
    delete(object) {
      if (known(object) === undefined) return false;
      const packed = packedByName.delete(object.metadata);
      if (packed !== undefined) forEachIndex((index) => index.remove(unpackedCached(packed), packed));
      return packed !== undefined;
    },
  };
}

interface Name {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** A map from namespace and name to a value. */
interface Names<V> {
  size(): number;
  values(): Iterable<V>;
  find(key: Name): V | undefined;
  /** Returns the previous value. */
  set(key: Name, value: V): V | undefined;
  /** Returns the deleted value. */
  delete(key: Name): V | undefined;
}

/** A map of namespaces with a map of names in each, which saves building a combined key for every look-up. */
function createNames<V>(): Names<V> {
  const namespaces = new Map<string, Map<string, V>>();
  let size = 0;
  const values = function* (): Generator<V> {
    for (const named of namespaces.values()) yield* named.values();
  };
  return {
    size: () => size,
    values,
    find: ({ namespace = "", name }) => namespaces.get(namespace)?.get(name),
    set({ namespace = "", name }, value) {
      const named = namespaces.get(namespace) ?? new Map<string, V>();
      const previous = named.get(name);
      namespaces.set(namespace, named.set(name, value));
      if (previous === undefined) size += 1;
      return previous;
    },
    delete({ namespace = "", name }) {
      const named = namespaces.get(namespace);
      const previous = named?.get(name);
      if (named === undefined || previous === undefined) return undefined;
      named.delete(name);
      if (named.size === 0) namespaces.delete(namespace);
      size -= 1;
      return previous;
    },
  };
}

/** Memoizes `compute` for the last `count` to `2 × count` arguments. */
function memoized<From extends object, To>(compute: (from: From) => To, count: number): (from: From) => To {
  let recent = new Map<From, To>();
  let older = recent;
  return (from) => {
    // An unpacked object needs no memo.
    if (!Array.isArray(from)) return compute(from);
    const known = recent.get(from);
    if (known !== undefined) return known;
    const result = older.get(from) ?? compute(from);
    if (recent.size >= count) {
      older = recent;
      recent = new Map();
    }
    recent.set(from, result);
    return result;
  };
}

interface ObjectIndex<T extends KubeObject> {
  add(object: T & Stored, packed: Packed<T & Stored>): void;
  remove(object: T & Stored, packed: Packed<T & Stored>): void;
  withKey(key: string): readonly Packed<T & Stored>[];
}

function createIndex<T extends KubeObject>(keys: Keys<T>): ObjectIndex<T> {
  const packedByKey = new Map<string, readonly Packed<T & Stored>[]>();
  return {
    add(object, packed) {
      // `concat` allocates exactly; spread reserves room for sixteen more.
      for (const key of keys(object)) packedByKey.set(key, packedByKey.get(key)?.concat([packed]) ?? [packed]);
    },
    remove(object, packed) {
      for (const key of keys(object)) {
        const others = packedByKey.get(key)?.filter((other) => other !== packed) ?? [];
        if (others.length === 0) packedByKey.delete(key);
        else packedByKey.set(key, others.slice());
      }
    },
    withKey: (key) => packedByKey.get(key) ?? [],
  };
}
