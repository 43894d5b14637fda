import { internedValue } from "./interning.ts";

/**
 * Which members of a JSON object are kept: all of a member, or some of its own; of a list the same of every entry. What
 * many objects have alike, as labels and owners, is `shared`: equal values become one and the same.
 */
export type FieldSelection = true | "interned" | FieldMask;

/** What is kept of each member, by its name; all others are dropped. */
export interface FieldMask {
  readonly [member: string]: FieldSelection;
}

/** Makes of a value what is kept of it. */
export type Projection = (value: unknown) => unknown;

/** A projectionOf of one shape of objects. */
export function projectionOf(keep: FieldSelection): Projection {
  if (keep === true) return (value) => value;
  if (keep === "interned") return internedValue;
  const members = Object.entries(keep).map(([name, kept]) => [name, projectionOf(kept)] as const);
  const newObject = createObjectFactory();
  const ofObject = (value: object): object => {
    const source = value as { readonly [name: string]: unknown }; // JSON that is no list
    const made = newObject();
    for (const [name, kept] of members) if (Object.hasOwn(source, name)) made[name] = kept(source[name]);
    return made;
  };
  const ofAny: Projection = (value) => {
    if (typeof value !== "object" || value === null) return value;
    return Array.isArray(value) ? value.map(ofAny) : ofObject(value);
  };
  return ofAny;
}

/**
 * Makes plain objects that take no more memory than their members: V8 watches what becomes of the first objects of a
 * constructor, and leaves the later ones room for just as much; those of `{}` are all left room for the same.
 */
export function createObjectFactory(): () => { [name: string]: unknown } {
  const Made = function Made() {} as unknown as new () => { [name: string]: unknown }; // a function is one, too
  Made.prototype = Object.prototype;
  return () => new Made();
}
