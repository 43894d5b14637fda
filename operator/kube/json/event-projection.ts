import { withoutManagedFields } from "./json-text.ts";
import { byte, peekByte } from "./json-bytes.ts";
import { projectingReader } from "./projecting-reader.ts";
import { projectionOf, type FieldMask } from "./field-mask.ts";

/** Makes the events of a watch without what is not needed of their objects. */
export interface EventProjection {
  /** The value of a line; throws when it is not JSON. */
  fromLine(line: Buffer): unknown;
  /** The same of an event that came as a value. */
  fromValue(event: unknown): unknown;
  /** What is kept of an object that came in a list. */
  project<T extends object>(object: T): T;
  /** The same of an object's JSON. Absent where everything is kept. */
  readonly objects?: ObjectProjection;
}

/** What is kept of objects, and how it is read of their JSON; throws when it is none. */
export interface ObjectProjection {
  readonly keep: FieldMask;
  readonly read: (json: Buffer) => unknown;
}

/** The JSON of the object that a line tells to be there; undefined of any other line. */
export function upsertedObject(line: Buffer): Buffer | undefined {
  const beginning = presentBeginnings.find((one) => beginsWith(line, one));
  return beginning !== undefined && line.at(-1) === byte.closeBrace ? line.subarray(beginning.length, -1) : undefined;
}

const presentBeginnings = ["ADDED", "MODIFIED"].map((type) => Buffer.from(`{"type":"${type}","object":`));

/** Everything but managed fields. */
export const fullEvents: EventProjection = {
  fromLine: (line) => JSON.parse(withoutManagedFields(line.toString())),
  fromValue: (event) => event,
  project: (object) => object,
};

/** Of other events (bookmarks, errors) everything is needed. */
const changeTypes = ["ADDED", "MODIFIED", "DELETED"] as const;
const changes: ReadonlySet<unknown> = new Set(changeTypes);

const made = new WeakMap<FieldMask, EventProjection>();

/** Type and kind are kept in any case. The same members make the same events: V8 gives those of each maker a shape of their own. */
export function eventProjection(members: FieldMask): EventProjection {
  const events = made.get(members) ?? makeKeptEvents(members);
  made.set(members, events);
  return events;
}

/** How servers begin an event of a change. */
const beginnings = changeTypes.map((type) => Buffer.from(`{"type":"${type}",`));

function makeKeptEvents(members: FieldMask): EventProjection {
  const keep = { apiVersion: "interned", kind: "interned", ...members } as const;
  const kept = projectionOf(keep);
  const read = projectingReader({ type: "interned", object: keep });
  const readObject = projectingReader(keep);
  const fromValue = (event: unknown): unknown => {
    const isChange = typeof event === "object" && event !== null && "type" in event && changes.has(event.type);
    return isChange && "object" in event ? { type: event.type, object: kept(event.object) } : event;
  };
  return {
    fromLine(line) {
      if (!beginnings.some((beginning) => beginsWith(line, beginning))) return fromValue(fullEvents.fromLine(line));
      const cursor = { bytes: line, at: 0 };
      const event = read(cursor);
      if (peekByte(cursor) !== 0) throw new SyntaxError("something follows an event");
      return event;
    },
    fromValue,
    objects: { keep, read: (json) => readObject({ bytes: json, at: 0 }) },
    project: <T extends object>(object: T) => kept(object) as T, // as far as it is kept
  };
}

function beginsWith(line: Buffer, beginning: Buffer): boolean {
  return line.length > beginning.length && line.compare(beginning, 0, beginning.length, 0, beginning.length) === 0;
}
