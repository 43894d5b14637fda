import { type Layout, layoutOf, type Packed } from "./packed.ts";

/** Keeps objects of one kind in a fraction of their memory: structure, names and values that all of them have are kept once. */
export type Packer<T extends object> = (object: T) => Packed<T>;

/** What the newest objects of a structure have in common. */
interface Likeness {
  readonly form: Layout;
  /** By place of a leaf the value of all objects, where they have one. */
  readonly common: readonly unknown[];
  /** By place of a leaf whether each object has a value of its own. */
  readonly isOwn: readonly boolean[];
}

/** A place in the structures met so far; most places have one way on. */
interface Place {
  token: Token | undefined;
  next: Place | undefined;
  others: Map<Token, Place> | undefined;
  /** Of the objects whose structure ends here. */
  likeness: Likeness | undefined;
}

/** A member's name, or a mark of what begins or ends. */
type Token = string | number;
const mark = { leaf: 0, object: 1, list: 2, end: 3 } as const;

/** Of one kind; what has more structures than this many places tell apart is kept as it is. */
const maxPlaces = 8_192;

/** A packer that has met nothing yet. */
export function createPacker<T extends object>(): Packer<T> {
  const root = newPlace();
  const walk: Walk = { place: root, leaves: [], room: maxPlaces };
  return (object) => {
    walk.place = root;
    walk.leaves.length = 0;
    if (!passed(walk, object) || Array.isArray(object)) return object;
    const { place, leaves } = walk;
    place.likeness = fittingLikeness(place.likeness, leaves, object);
    const { form, isOwn } = place.likeness;
    // Joined, not spread: that would leave room for more.
    return [form as unknown].concat(leaves.filter((_value, index) => isOwn[index])) as [Layout, ...unknown[]]; // it begins with one
  };
}

function newPlace(): Place {
  return { token: undefined, next: undefined, others: undefined, likeness: undefined };
}

/** On its way through a value. */
interface Walk {
  place: Place;
  /** Values met that are neither objects nor lists. */
  readonly leaves: unknown[];
  /** Places that may still be made. */
  room: number;
}

/** Follows the structure of a value; false when there is no room for it. */
function passed(walk: Walk, value: unknown): boolean {
  if (typeof value !== "object" || value === null) {
    walk.leaves.push(value);
    return step(walk, mark.leaf);
  }
  if (Array.isArray(value)) {
    return step(walk, mark.list) && value.every((entry) => passed(walk, entry)) && step(walk, mark.end);
  }
  if (!step(walk, mark.object)) return false;
  const members = value as { readonly [name: string]: unknown }; // no list
  for (const name in members) {
    // Setting it would set something else.
    if (name === "__proto__" || !step(walk, name) || !passed(walk, members[name])) return false;
  }
  return step(walk, mark.end);
}

function step(walk: Walk, token: Token): boolean {
  const { place } = walk;
  const known = place.token === token ? place.next : place.others?.get(token);
  if (known !== undefined) {
    walk.place = known;
    return true;
  }
  if (walk.room === 0) return false;
  walk.room -= 1;
  const next = newPlace();
  if (place.token === undefined) {
    place.token = token;
    place.next = next;
  } else {
    place.others = (place.others ?? new Map<Token, Place>()).set(token, next);
  }
  walk.place = next;
  return true;
}

/** The likeness itself where the object has it, too, else one in which more values are each object's own. */
function fittingLikeness(known: Likeness | undefined, leaves: readonly unknown[], object: object): Likeness {
  const { common, isOwn }: Pick<Likeness, "common" | "isOwn"> = known ?? {
    common: [...leaves],
    isOwn: leaves.map(() => false),
  };
  const isFitting = leaves.every((value, index) => isOwn[index] === true || Object.is(value, common[index]));
  if (known !== undefined && isFitting) return known;
  const wider = leaves.map((value, index) => isOwn[index] === true || !Object.is(value, common[index]));
  return { form: layoutOf(object, (_leaf, index) => wider[index] === true), common, isOwn: wider };
}
