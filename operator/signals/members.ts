/** Reads the members of an object that came from outside; what is not as expected is an Error that names it. */
export interface Members {
  readonly names: readonly string[];
  has(name: string): boolean;
  text(name: string): string;
  /** A count: neither negative nor infinite. */
  number(name: string): number;
  /** Counts, so many at most. */
  numbers(name: string, most: number): readonly number[];
  list(name: string, most: number): readonly unknown[];
  objects<T>(name: string, most: number, decoded: (members: Members) => T): readonly T[];
  member(name: string): Members;
  optional(name: string): Members | undefined;
  /** Every member of an object, decoded. */
  each<T>(name: string, decoded: (members: Members) => T): Readonly<Record<string, T>>;
}

/** `path`: where the object is, empty for the answer itself. Throws unless it is an object. */
export function membersOf(value: unknown, path = ""): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`${path === "" ? "the answer" : path} is no object`);
  const known = new Map<string, unknown>(Object.entries(value));
  const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const members: Members = {
    names: [...known.keys()],
    has: (name) => known.get(name) !== undefined,
    text(name) {
      const text = known.get(name);
      if (typeof text !== "string") throw new Error(`${at(name)} is no text`);
      return text;
    },
    number: (name) => counted(known.get(name), at(name)),
    numbers: (name, most) => members.list(name, most).map((one) => counted(one, at(name))),
    list(name, most) {
      const list = known.get(name);
      if (!Array.isArray(list) || list.length > most) throw new Error(`${at(name)} is no list of up to ${most}`);
      return list;
    },
    objects: (name, most, decoded) =>
      members.list(name, most).map((one, index) => decoded(membersOf(one, `${at(name)}[${index}]`))),
    member: (name) => membersOf(known.get(name), at(name)),
    optional: (name) => (members.has(name) ? members.member(name) : undefined),
    each(name, decoded) {
      const inner = members.member(name);
      return Object.fromEntries(inner.names.map((key) => [key, decoded(inner.member(key))]));
    },
  };
  return members;
}

function counted(value: unknown, path: string): number {
  if (typeof value !== "number" || !(value >= 0 && value < Infinity)) throw new Error(`${path} is no count`);
  return value;
}
