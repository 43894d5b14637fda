/** An object in memory: a layout shared with objects of the same structure and the object's own values, or the object as it is. */
export type Packed<T extends object> = readonly [Layout, ...unknown[]] | T;

/** What identifies an object and its version. */
export interface ObjectIdentity {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp?: string | undefined;
}

/** The structure, names and common values of similar objects. */
export interface Layout {
  readonly root: Node;
  readonly locations: Readonly<Record<keyof ObjectIdentity, Location>>;
}

/** The index of a value in the packed array, or the value itself when all objects have the same. */
type Location = { readonly at: number } | { readonly value: unknown };

/** How a value is rebuilt: the common value, the next of the object's own values, or an object or list of such nodes. */
type Node =
  | { readonly type: "common"; readonly value: unknown }
  | { readonly type: "own" }
  | {
      readonly type: "object";
      readonly names: readonly string[];
      readonly children: readonly Node[];
      /** Holds the common values; copied for each object. */
      readonly sample: Members;
      readonly ownIndexes: readonly number[];
    }
  | { readonly type: "list"; readonly children: readonly Node[] };

/**
 * The layout of objects that differ from this one only in the leaves for which `isOwn` holds. Leaves are numbered in the order of
 * members.
 */
export function layoutOf(object: object, isOwn: (leaf: unknown, index: number) => boolean): Layout {
  const root = nodeOf(object, isOwn, { at: 0 });
  const of = (member: keyof ObjectIdentity): Location => locate(root, ["metadata", member], 1);
  const locations = {
    uid: of("uid"),
    resourceVersion: of("resourceVersion"),
    creationTimestamp: of("creationTimestamp"),
  };
  return { root, locations };
}

/** An object equal to the packed one. Parts of it are shared with others: never change it. */
export function unpacked<T extends object>(packed: Packed<T>): T {
  if (!hasLayout(packed)) return packed;
  return built(packed[0].root, { packed, at: 1 }) as T; // what was packed
}

/** The identity of a Kubernetes object, read without unpacking the rest. */
export function identityOf<T extends object>(packed: Packed<T>): ObjectIdentity {
  if (!hasLayout(packed)) return (packed as unknown as { readonly metadata: ObjectIdentity }).metadata; // a Kubernetes object
  const { uid, resourceVersion, creationTimestamp } = packed[0].locations;
  return {
    uid: String(valueAt(uid, packed)),
    resourceVersion: String(valueAt(resourceVersion, packed)),
    creationTimestamp: valueAt(creationTimestamp, packed) as string | undefined, // its type in the object
  };
}

function hasLayout<T extends object>(packed: Packed<T>): packed is readonly [Layout, ...unknown[]] {
  return Array.isArray(packed);
}

/** The location of the value at a path, when the node's first own value is at index `at`. */
function locate(node: Node, [name, ...further]: readonly string[], at: number): Location {
  if (node.type === "own") return { at };
  if (node.type === "common") return { value: [name, ...further].reduce(memberOf, node.value) };
  const index = node.type === "object" ? node.names.indexOf(name ?? "") : -1;
  const child = node.children[index];
  if (child === undefined) return { value: undefined };
  return locate(
    child,
    further,
    node.children.slice(0, index).reduce((sum, before) => sum + ownCount(before), at),
  );
}

function memberOf(value: unknown, name: string | undefined): unknown {
  return name === undefined ? value : (value as Members | undefined)?.[name]; // all objects of the layout have the path
}

function ownCount(node: Node): number {
  if (node.type === "own") return 1;
  return node.type === "common" ? 0 : node.children.reduce((sum, child) => sum + ownCount(child), 0);
}

function valueAt(location: Location, packed: readonly unknown[]): unknown {
  return "at" in location ? packed[location.at] : location.value;
}

/** The node of a value; `leaf` numbers the leaves met so far. */
function nodeOf(value: unknown, isOwn: (leaf: unknown, index: number) => boolean, leaf: { at: number }): Node {
  if (typeof value !== "object" || value === null) {
    return isOwn(value, leaf.at++) ? { type: "own" } : { type: "common", value };
  }
  const isList = Array.isArray(value);
  const members = Object.entries(value);
  const children = members.map(([, member]) => nodeOf(member, isOwn, leaf));
  if (children.every(({ type }) => type === "common")) return { type: "common", value };
  if (isList) return { type: "list", children };
  const names = members.map(([name]) => name);
  const ownIndexes = [...children.keys()].filter((index) => children[index]?.type !== "common");
  return { type: "object", names, children, sample: { ...value }, ownIndexes };
}

type Members = { [name: string]: unknown };

/** A packed object and the index of its next own value. */
interface Reading {
  readonly packed: readonly unknown[];
  at: number;
}

function built(node: Node, reading: Reading): unknown {
  switch (node.type) {
    case "common":
      return node.value;
    case "own":
      return reading.packed[reading.at++];
    case "list":
      return node.children.map((child) => built(child, reading));
    case "object":
      return builtObject(node, reading);
  }
}

function builtObject(
  { names, children, sample, ownIndexes }: Extract<Node, { type: "object" }>,
  reading: Reading,
): object {
  const object = { ...sample };
  for (let own = 0; own < ownIndexes.length; own += 1) {
    const index = ownIndexes[own] ?? 0;
    const child = children[index];
    if (child === undefined) continue;
    object[names[index] ?? ""] = child.type === "own" ? reading.packed[reading.at++] : built(child, reading);
  }
  return object;
}
