import { internedValue } from "./interning.ts";

/**
 * What is kept of a field: everything (`true`), some of its own fields, or everything as an interned value. Equal values of an
 * `interned` field, such as labels and owners, are one object in memory. In a list it applies to every entry.
 */
export type FieldSelection = true | "interned" | FieldMask;

/** What is kept of each field of an object; fields that are not named are dropped. */
export interface FieldMask {
  readonly [field: string]: FieldSelection;
}

/** Returns what is kept of a value. */
export type Projection = (value: unknown) => unknown;

/** The projection that a selection describes. */
export function projectionOf(keep: FieldSelection): Projection {
  if (keep === true) return (value) => value;
  if (keep === "interned") return internedValue;
  const fields = Object.entries(keep).map(([name, projectField]) => [name, projectionOf(projectField)] as const);
  const newObject = createObjectFactory();
  const projectObject = (value: object): object => {
    const source = value as { readonly [name: string]: unknown }; // a JSON object
    const instance = newObject();
    for (const [name, projectField] of fields)
      if (Object.hasOwn(source, name)) instance[name] = projectField(source[name]);
    return instance;
  };
  const projectAny: Projection = (value) => {
    if (typeof value !== "object" || value === null) return value;
    return Array.isArray(value) ? value.map(projectAny) : projectObject(value);
  };
  return projectAny;
}

/**
 * A constructor of plain objects that take no more memory than their members. V8 tracks how many members the first instances of
 * a constructor get and sizes later ones to fit, whereas every `{}` reserves the same room.
 */
export function createObjectFactory(): () => { [name: string]: unknown } {
  const Instance = function Instance() {} as unknown as new () => { [name: string]: unknown }; // a function is one, too
  Instance.prototype = Object.prototype;
  return () => new Instance();
}
