import type { KubeObject, Stored } from "../kinds.ts";
import { type ObjectIdentity, identityOf, type Packed, unpacked } from "./packed.ts";
import { createPacker, type Packer } from "./packer.ts";

/** Objects by namespace and name, with indexes kept in step; in as little memory as their packing needs. */
export interface ObjectStore<T extends KubeObject, Index extends string> {
  readonly pack: Packer<T & Stored>;
  size(): number;
  all(): readonly (T & Stored)[];
  find(key: Name): (T & Stored) | undefined;
  withUid(uid: string): (T & Stored) | undefined;
  /** What is known of this very object. */
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

/** More than most passes look at, which look again at what they looked at; more would only live long enough to become old garbage. */
const memoSize = 32;

/** An empty store. */
export function createObjectStore<T extends KubeObject, Index extends string>({
  indexes,
}: StoreOptions<T, Index>): ObjectStore<T, Index> {
  const shown = remembered(unpacked<T & Stored>, memoSize);
  const names = createNames<Packed<T & Stored>>();
  const indexed = new Map(
    Object.entries<Keys<T>>(indexes ?? {}).map(([name, keys]) => [name, createIndex<T>(keys)] as const),
  );
  /** Made when it is first asked for: most kinds are never looked up by UID alone. */
  let byUid: ObjectIndex<T> | undefined;
  const each = (tell: (index: ObjectIndex<T>) => void): void => {
    indexed.forEach(tell);
    if (byUid !== undefined) tell(byUid);
  };
  const find: ObjectStore<T, Index>["find"] = (key) => {
    const packed = names.find(key);
    return packed === undefined ? undefined : shown(packed);
  };
  const known: ObjectStore<T, Index>["known"] = ({ metadata }) => {
    const object = find(metadata);
    return object?.metadata.uid === metadata.uid ? object : undefined;
  };
  return {
    pack: createPacker(),
    size: () => names.size(),
    all: () => Array.from(names.values(), unpacked),
    find,
    known,
    withUid(uid) {
      if (byUid === undefined) {
        byUid = createIndex(({ metadata }) => [metadata.uid]);
        for (const packed of names.values()) byUid.add(unpacked(packed), packed);
      }
      return byUid.under(uid).map(shown)[0];
    },
    withIndex: (index, key) => indexed.get(index)?.under(key).map(shown) ?? [],
    identityAt(key) {
      const packed = names.find(key);
      return packed === undefined ? undefined : identityOf(packed);
    },
    identitiesWith: (index, key) => indexed.get(index)?.under(key).map(identityOf) ?? [],
    set(object, packed) {
      const previous = names.set(object.metadata, packed);
      if (previous !== undefined) each((index) => index.remove(shown(previous), previous));
      each((index) => index.add(object, packed));
    },
    delete(object) {
      if (known(object) === undefined) return false;
      const packed = names.delete(object.metadata);
      if (packed !== undefined) each((index) => index.remove(shown(packed), packed));
      return packed !== undefined;
    },
  };
}

interface Name {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** One value for each name in a namespace. */
interface Names<V> {
  size(): number;
  values(): Iterable<V>;
  find(key: Name): V | undefined;
  /** What was there before. */
  set(key: Name, value: V): V | undefined;
  /** What was there. */
  delete(key: Name): V | undefined;
}

/** A map of namespaces and one of names in each: a key of both would have to be written for every look-up. */
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

/** What was made of the last few values. */
function remembered<From extends object, To>(make: (from: From) => To, count: number): (from: From) => To {
  let newer = new Map<From, To>();
  let older = newer;
  return (from) => {
    // What is kept as it came is there already.
    if (!Array.isArray(from)) return make(from);
    const known = newer.get(from);
    if (known !== undefined) return known;
    const made = older.get(from) ?? make(from);
    if (newer.size >= count) {
      older = newer;
      newer = new Map();
    }
    newer.set(from, made);
    return made;
  };
}

interface ObjectIndex<T extends KubeObject> {
  add(object: T & Stored, packed: Packed<T & Stored>): void;
  remove(object: T & Stored, packed: Packed<T & Stored>): void;
  under(key: string): readonly Packed<T & Stored>[];
}

function createIndex<T extends KubeObject>(keys: Keys<T>): ObjectIndex<T> {
  const found = new Map<string, readonly Packed<T & Stored>[]>();
  return {
    add(object, packed) {
      // Joined, not spread: that would leave room for sixteen more.
      for (const key of keys(object)) found.set(key, found.get(key)?.concat([packed]) ?? [packed]);
    },
    remove(object, packed) {
      for (const key of keys(object)) {
        const others = found.get(key)?.filter((other) => other !== packed) ?? [];
        if (others.length === 0) found.delete(key);
        else found.set(key, others.slice());
      }
    },
    under: (key) => found.get(key) ?? [],
  };
}
