import { withoutManagedFields } from "./json-text.ts";
import { byte, peekByte } from "./json-bytes.ts";
import { projectingReader } from "./projecting-reader.ts";
import { type FieldMask, projectionOf } from "./field-mask.ts";

/** Reads the events of a watch and drops the fields of their objects that are not kept. */
export interface EventProjection {
  /** The event on a line. Throws SyntaxError when the line is not JSON. */
  fromLine(line: Buffer): unknown;
  /** The same for an event that came as a value. */
  fromValue(event: unknown): unknown;
  /** What is kept of an object from a list. */
  project<T extends object>(object: T): T;
  /** The same for an object's JSON. Absent where everything is kept. */
  readonly objects?: ObjectProjection;
}

/** Which fields of objects are kept, and a reader of them from JSON, which throws SyntaxError for anything else. */
export interface ObjectProjection {
  readonly keep: FieldMask;
  readonly read: (json: Buffer) => unknown;
}

/** The JSON of the object of an ADDED or MODIFIED event; undefined for any other line. */
export function upsertedObject(line: Buffer): Buffer | undefined {
  const prefix = upsertPrefixes.find((one) => startsWith(line, one));
  return prefix !== undefined && line.at(-1) === byte.closeBrace ? line.subarray(prefix.length, -1) : undefined;
}

const upsertPrefixes = ["ADDED", "MODIFIED"].map((type) => Buffer.from(`{"type":"${type}","object":`));

/** Keeps everything but managed fields. */
export const fullEvents: EventProjection = {
  fromLine: (line) => JSON.parse(withoutManagedFields(line.toString())),
  fromValue: (event) => event,
  project: (object) => object,
};

/** Events that are projected; bookmarks and errors are kept whole. */
const changeTypes = ["ADDED", "MODIFIED", "DELETED"] as const;
const changeTypeSet: ReadonlySet<unknown> = new Set(changeTypes);

const projections = new WeakMap<FieldMask, EventProjection>();

/**
 * The projection of events to these fields, `apiVersion` and `kind`. One per mask: V8 gives the objects of each factory a hidden
 * class of their own.
 */
export function eventProjection(mask: FieldMask): EventProjection {
  const events = projections.get(mask) ?? createEventProjection(mask);
  projections.set(mask, events);
  return events;
}

/** How API servers begin an event that changes an object. */
const changePrefixes = changeTypes.map((type) => Buffer.from(`{"type":"${type}",`));

function createEventProjection(mask: FieldMask): EventProjection {
  const keep = { apiVersion: "interned", kind: "interned", ...mask } as const;
  const project = projectionOf(keep);
  const read = projectingReader({ type: "interned", object: keep });
  const readObject = projectingReader(keep);
  const fromValue = (event: unknown): unknown => {
    const isChange = typeof event === "object" && event !== null && "type" in event && changeTypeSet.has(event.type);
    return isChange && "object" in event ? { type: event.type, object: project(event.object) } : event;
  };
  return {
    fromLine(line) {
      if (!changePrefixes.some((prefix) => startsWith(line, prefix))) return fromValue(fullEvents.fromLine(line));
      const cursor = { bytes: line, at: 0 };
      const event = read(cursor);
      if (peekByte(cursor) !== 0) throw new SyntaxError("unexpected bytes follow an event");
      return event;
    },
    fromValue,
    objects: { keep, read: (json) => readObject({ bytes: json, at: 0 }) },
    project: <T extends object>(object: T) => project(object) as T, // as far as it is kept
  };
}

function startsWith(line: Buffer, prefix: Buffer): boolean {
  return line.length > prefix.length && line.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}
