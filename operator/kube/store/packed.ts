/** What is kept of an object: its own values behind the form that it has in common with others, or the object itself. */
export type Packed<T extends object> = readonly [Layout, ...unknown[]] | T;

/** Who an object is, and which state of it. */
export interface ObjectIdentity {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp?: string | undefined;
}

/** What objects of one structure have in common. */
export interface Layout {
  readonly plan: Plan;
  readonly whereabouts: Readonly<Record<keyof ObjectIdentity, Whereabouts>>;
}

/** Where a value lies in what is packed, or the value that all objects have. */
type Whereabouts = { readonly at: number } | { readonly value: unknown };

/** How a value is put together: one that is there already, the next of an object's own, or members or entries. */
type Plan =
  | { readonly type: "common"; readonly value: unknown }
  | { readonly type: "own" }
  | {
      readonly type: "object";
      readonly names: readonly string[];
      readonly parts: readonly Plan[];
      /** With the values that all objects have. */
      readonly sample: Members;
      readonly places: readonly number[];
    }
  | { readonly type: "list"; readonly parts: readonly Plan[] };

/** The form of all objects that differ from this one in their own values alone; leaves are told in the order of its members. */
export function layoutOf(object: object, isOwn: (leaf: unknown, index: number) => boolean): Layout {
  const plan = planOf(object, isOwn, { at: 0 });
  const of = (member: keyof ObjectIdentity): Whereabouts => whereaboutsIn(plan, ["metadata", member], 1);
  const whereabouts = {
    uid: of("uid"),
    resourceVersion: of("resourceVersion"),
    creationTimestamp: of("creationTimestamp"),
  };
  return { plan, whereabouts };
}

/** An object equal to the one that was packed. Parts of it are shared: never change it. */
export function unpacked<T extends object>(packed: Packed<T>): T {
  if (!hasForm(packed)) return packed;
  return made(packed[0].plan, { packed, at: 1 }) as T; // what was packed
}

/** Of an object of the API server, what tells it and its states apart; makes nothing of the rest. */
export function identityOf<T extends object>(packed: Packed<T>): ObjectIdentity {
  if (!hasForm(packed)) return (packed as unknown as { readonly metadata: ObjectIdentity }).metadata; // told of the API server's objects
  const { uid, resourceVersion, creationTimestamp } = packed[0].whereabouts;
  return {
    uid: String(valueAt(uid, packed)),
    resourceVersion: String(valueAt(resourceVersion, packed)),
    creationTimestamp: valueAt(creationTimestamp, packed) as string | undefined, // so it is in the object
  };
}

function hasForm<T extends object>(packed: Packed<T>): packed is readonly [Layout, ...unknown[]] {
  return Array.isArray(packed);
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
function planOf(value: unknown, isOwn: (leaf: unknown, index: number) => boolean, leaf: { at: number }): Plan {
  if (typeof value !== "object" || value === null) {
    return isOwn(value, leaf.at++) ? { type: "own" } : { type: "common", value };
  }
  const isList = Array.isArray(value);
  const members = Object.entries(value);
  const parts = members.map(([, member]) => planOf(member, isOwn, leaf));
  if (parts.every(({ type }) => type === "common")) return { type: "common", value };
  if (isList) return { type: "list", parts };
  const names = members.map(([name]) => name);
  const places = [...parts.keys()].filter((place) => parts[place]?.type !== "common");
  return { type: "object", names, parts, sample: { ...value }, places };
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
      return madeObject(plan, reading);
  }
}

function madeObject({ names, parts, sample, places }: Extract<Plan, { type: "object" }>, reading: Reading): object {
  const object = { ...sample };
  for (let index = 0; index < places.length; index += 1) {
    const place = places[index] ?? 0;
    const part = parts[place];
    if (part === undefined) continue;
    object[names[place] ?? ""] = part.type === "own" ? reading.packed[reading.at++] : made(part, reading);
  }
  return object;
}
