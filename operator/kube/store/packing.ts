/** What is kept of an object: its own values behind the form that it has in common with others, or the object itself. */
export type Packed<T extends object> = readonly [Form, ...unknown[]] | T;

/** Who an object is, and which state of it. */
export interface Glance {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp?: string | undefined;
}

/** Keeps objects of one kind in a fraction of their memory: structure, names and values that all of them have are kept once. */
export interface Packing<T extends object> {
  readonly pack: (object: T) => Packed<T>;
  /** An object equal to the one that was packed. Parts of it are shared: never change it. */
  readonly unpack: (packed: Packed<T>) => T;
  /** Of an object of the API server, what tells it and its states apart; makes nothing of the rest. */
  readonly glance: (packed: Packed<T>) => Glance;
}

/** What objects of one structure have in common. */
interface Form {
  readonly plan: Plan;
  /** By place of a leaf the value of all objects, where they have one. */
  readonly common: readonly unknown[];
  /** By place of a leaf whether each object has a value of its own. */
  readonly isOwn: readonly boolean[];
  readonly whereabouts: Readonly<Record<keyof Glance, Whereabouts>>;
}

/** Where a value lies in what is packed, or the value that all objects have. */
type Whereabouts = { readonly at: number } | { readonly value: unknown };

/** How a value is put together: one that is there already, the next of an object's own, or members or entries. */
type Plan =
  | { readonly type: "common"; readonly value: unknown }
  | { readonly type: "own" }
  | { readonly type: "object"; readonly names: readonly string[]; readonly parts: readonly Plan[] }
  | { readonly type: "list"; readonly parts: readonly Plan[] };

/** A place in the structures met so far; most places have one way on. */
interface Place {
  token: Token | undefined;
  next: Place | undefined;
  others: Map<Token, Place> | undefined;
  /** Of the structure that ends here, the form that the newest objects have. */
  form: Form | undefined;
}

/** A member's name, or a mark of what begins or ends. */
type Token = string | number;
const mark = { leaf: 0, object: 1, list: 2, end: 3 } as const;

/** Of one kind; what has more structures than this many places tell apart is kept as it is. */
const maxPlaces = 8_192;

/** A packing that has met nothing yet. */
export function createPacking<T extends object>(): Packing<T> {
  const root = newPlace();
  const walk: Walk = { place: root, leaves: [], room: maxPlaces };
  return {
    pack(object) {
      walk.place = root;
      walk.leaves.length = 0;
      if (!passed(walk, object) || Array.isArray(object)) return object;
      const { place, leaves } = walk;
      place.form = fittingForm(place.form, leaves, object);
      const { isOwn } = place.form;
      // Joined, not spread: that would leave room for more.
      return [place.form as unknown].concat(leaves.filter((_value, index) => isOwn[index])) as [Form, ...unknown[]]; // it begins with one
    },
    unpack(packed) {
      if (!isForm(packed)) return packed;
      return made(packed[0].plan, { packed, at: 1 }) as T; // what was packed
    },
    glance(packed) {
      if (!isForm(packed)) return (packed as unknown as { readonly metadata: Glance }).metadata; // told of the API server's objects
      const { uid, resourceVersion, creationTimestamp } = packed[0].whereabouts;
      return {
        uid: String(valueAt(uid, packed)),
        resourceVersion: String(valueAt(resourceVersion, packed)),
        creationTimestamp: valueAt(creationTimestamp, packed) as string | undefined, // so it is in the object
      };
    },
  };
}

function isForm<T extends object>(packed: Packed<T>): packed is readonly [Form, ...unknown[]] {
  return Array.isArray(packed);
}

function newPlace(): Place {
  return { token: undefined, next: undefined, others: undefined, form: undefined };
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
  const members = value as Members; // no list
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

/** The form itself where it fits, else one in which more values are each object's own. */
function fittingForm(form: Form | undefined, leaves: readonly unknown[], object: object): Form {
  const { common, isOwn }: Pick<Form, "common" | "isOwn"> = form ?? {
    common: [...leaves],
    isOwn: leaves.map(() => false),
  };
  const isFitting = leaves.every((value, index) => isOwn[index] === true || Object.is(value, common[index]));
  if (form !== undefined && isFitting) return form;
  const wider = leaves.map((value, index) => isOwn[index] === true || !Object.is(value, common[index]));
  const plan = planOf(object, wider, { at: 0 });
  const of = (member: keyof Glance): Whereabouts => whereaboutsIn(plan, ["metadata", member], 1);
  const whereabouts = {
    uid: of("uid"),
    resourceVersion: of("resourceVersion"),
    creationTimestamp: of("creationTimestamp"),
  };
  return { plan, common, isOwn: wider, whereabouts };
}

/** Where the value behind a path lies when the first of a plan's own values is at `at`. */
function whereaboutsIn(plan: Plan, [name, ...further]: readonly string[], at: number): Whereabouts {
  if (plan.type === "own") return { at };
  if (plan.type === "common") return { value: [name, ...further].reduce(memberOf, plan.value) };
  const index = plan.type === "object" ? plan.names.indexOf(name ?? "") : -1;
  const part = plan.parts[index];
  if (part === undefined) return { value: undefined };
  return whereaboutsIn(
    part,
    further,
    plan.parts.slice(0, index).reduce((sum, before) => sum + ownCount(before), at),
  );
}

function memberOf(value: unknown, name: string | undefined): unknown {
  return name === undefined ? value : (value as Members | undefined)?.[name]; // has the path, as all objects of the form
}

function ownCount(plan: Plan): number {
  if (plan.type === "own") return 1;
  return plan.type === "common" ? 0 : plan.parts.reduce((sum, part) => sum + ownCount(part), 0);
}

function valueAt(whereabouts: Whereabouts, packed: readonly unknown[]): unknown {
  return "at" in whereabouts ? packed[whereabouts.at] : whereabouts.value;
}

/** The plan of a value whose first leaf is the next one. */
function planOf(value: unknown, isOwn: readonly boolean[], leaf: { at: number }): Plan {
  const begin = leaf.at;
  const plan = composedPlan(value, isOwn, leaf);
  return isOwn.slice(begin, leaf.at).some(Boolean) ? plan : { type: "common", value };
}

function composedPlan(value: unknown, isOwn: readonly boolean[], leaf: { at: number }): Plan {
  if (typeof value !== "object" || value === null) {
    leaf.at += 1;
    return { type: "own" };
  }
  if (Array.isArray(value)) return { type: "list", parts: value.map((entry) => planOf(entry, isOwn, leaf)) };
  const members = Object.entries(value);
  return {
    type: "object",
    names: members.map(([name]) => name),
    parts: members.map(([, member]) => planOf(member, isOwn, leaf)),
  };
}

type Members = { [name: string]: unknown };

/** What is read of a packed object, and how far. */
interface Reading {
  readonly packed: readonly unknown[];
  at: number;
}

function made(plan: Plan, reading: Reading): unknown {
  switch (plan.type) {
    case "common":
      return plan.value;
    case "own":
      return reading.packed[reading.at++];
    case "list":
      return plan.parts.map((part) => made(part, reading));
    case "object":
      return madeObject(plan.names, plan.parts, reading);
  }
}

function madeObject(names: readonly string[], parts: readonly Plan[], reading: Reading): object {
  const object: Members = {};
  for (const [index, part] of parts.entries()) object[names[index] ?? ""] = made(part, reading);
  return object;
}
