import { type Layout, layoutOf, type Packed } from "./packed.ts";

/** Packs objects of one kind: structure, member names and common values are stored once for all objects. */
export type Packer<T extends object> = (object: T) => Packed<T>;

/** The layout of the newest objects of one structure. */
interface LearnedLayout {
  readonly layout: Layout;
  /** By leaf, the value that all objects have; meaningless where `isOwn`. */
  readonly common: readonly unknown[];
  /** By leaf, whether each object has a value of its own. */
  readonly isOwn: readonly boolean[];
}

/** A node of the trie of structures met so far. Most nodes have a single child, which needs no map. */
interface TrieNode {
  token: Token | undefined;
  next: TrieNode | undefined;
  others: Map<Token, TrieNode> | undefined;
  /** Of the objects whose structure ends at this node. */
  learned: LearnedLayout | undefined;
}

/** A member's name, or a marker. */
type Token = string | number;
const marker = { leaf: 0, object: 1, list: 2, end: 3 } as const;

/** Limit per packer; objects whose structure would need more nodes are kept unpacked. */
const maxNodes = 8_192;

/** A packer that knows no structures yet. */
export function createPacker<T extends object>(): Packer<T> {
  const root = newNode();
  const walk: Walk = { node: root, leaves: [], room: maxNodes };
  return (object) => {
    walk.node = root;
    walk.leaves.length = 0;
    if (!addValue(walk, object) || Array.isArray(object)) return object;
    const { node, leaves } = walk;
    node.learned = adaptedLayout(node.learned, leaves, object);
    const { layout, isOwn } = node.learned;
    // `concat` allocates exactly; spread leaves spare capacity.
    return [layout as unknown].concat(leaves.filter((_value, index) => isOwn[index])) as [Layout, ...unknown[]]; // it begins with one
  };
}

function newNode(): TrieNode {
  return { token: undefined, next: undefined, others: undefined, learned: undefined };
}

/** State of a walk through a value. */
interface Walk {
  node: TrieNode;
  /** Values met so far that are neither objects nor lists. */
  readonly leaves: unknown[];
  /** Number of nodes that may still be created. */
  room: number;
}

/** Walks a value and adds its structure to the trie; false when there is no room for it. */
function addValue(walk: Walk, value: unknown): boolean {
  if (typeof value !== "object" || value === null) {
    walk.leaves.push(value);
    return addToken(walk, marker.leaf);
  }
  if (Array.isArray(value)) {
    return addToken(walk, marker.list) && value.every((entry) => addValue(walk, entry)) && addToken(walk, marker.end);
  }
  if (!addToken(walk, marker.object)) return false;
  const members = value as { readonly [name: string]: unknown }; // not an array
  for (const name in members) {
    // Assigning `__proto__` to the rebuilt object would set its prototype.
    if (name === "__proto__" || !addToken(walk, name) || !addValue(walk, members[name])) return false;
  }
  return addToken(walk, marker.end);
}

function addToken(walk: Walk, token: Token): boolean {
  const { node } = walk;
  const known = node.token === token ? node.next : node.others?.get(token);
  if (known !== undefined) {
    walk.node = known;
    return true;
  }
  if (walk.room === 0) return false;
  walk.room -= 1;
  const next = newNode();
  if (node.token === undefined) {
    node.token = token;
    node.next = next;
  } else {
    node.others = (node.others ?? new Map<Token, TrieNode>()).set(token, next);
  }
  walk.node = next;
  return true;
}

/** `known` if the object has all its common values, else a layout in which the differing ones are own values. */
function adaptedLayout(known: LearnedLayout | undefined, leaves: readonly unknown[], object: object): LearnedLayout {
  const { common, isOwn }: Pick<LearnedLayout, "common" | "isOwn"> = known ?? {
    common: [...leaves],
    isOwn: leaves.map(() => false),
  };
  const isFitting = leaves.every((value, index) => isOwn[index] === true || Object.is(value, common[index]));
  if (known !== undefined && isFitting) return known;
  const wider = leaves.map((value, index) => isOwn[index] === true || !Object.is(value, common[index]));
  return { layout: layoutOf(object, (_leaf, index) => wider[index] === true), common, isOwn: wider };
}
