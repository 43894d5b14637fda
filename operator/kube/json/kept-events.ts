import { withoutManagedFields } from "./json-text.ts";
import { byte, nextByte } from "./json-bytes.ts";
import { keptReader } from "./kept-bytes.ts";
import { keeper, type KeptMembers } from "./kept.ts";

/** Makes the events of a watch without what is not needed of their objects. */
export interface KeptEvents {
  /** The value of a line; throws when it is not JSON. */
  ofLine(line: Buffer): unknown;
  /** The same of an event that came as a value. */
  ofValue(event: unknown): unknown;
  /** What is kept of an object that came in a list. */
  ofObject<T extends object>(object: T): T;
  /** The same of an object's JSON. Absent where everything is kept. */
  readonly objects?: KeptObjects;
}

/** What is kept of objects, and how it is read of their JSON; throws when it is none. */
export interface KeptObjects {
  readonly keep: KeptMembers;
  readonly read: (json: Buffer) => unknown;
}

/** The JSON of the object that a line tells to be there; undefined of any other line. */
export function presentObject(line: Buffer): Buffer | undefined {
  const beginning = presentBeginnings.find((one) => beginsWith(line, one));
  return beginning !== undefined && line.at(-1) === byte.closeBrace ? line.subarray(beginning.length, -1) : undefined;
}

const presentBeginnings = ["ADDED", "MODIFIED"].map((type) => Buffer.from(`{"type":"${type}","object":`));

/** Everything but managed fields. */
export const wholeEvents: KeptEvents = {
  ofLine: (line) => JSON.parse(withoutManagedFields(line.toString())),
  ofValue: (event) => event,
  ofObject: (object) => object,
};

/** Of other events (bookmarks, errors) everything is needed. */
const changeTypes = ["ADDED", "MODIFIED", "DELETED"] as const;
const changes: ReadonlySet<unknown> = new Set(changeTypes);

const made = new WeakMap<KeptMembers, KeptEvents>();

/** Type and kind are kept in any case. The same members make the same events: V8 gives those of each maker a shape of their own. */
export function keptEvents(members: KeptMembers): KeptEvents {
  const events = made.get(members) ?? makeKeptEvents(members);
  made.set(members, events);
  return events;
}

/** How servers begin an event of a change. */
const beginnings = changeTypes.map((type) => Buffer.from(`{"type":"${type}",`));

function makeKeptEvents(members: KeptMembers): KeptEvents {
  const keep = { apiVersion: "shared", kind: "shared", ...members } as const;
  const kept = keeper(keep);
  const read = keptReader({ type: "shared", object: keep });
  const readObject = keptReader(keep);
  const ofValue = (event: unknown): unknown => {
    const isChange = typeof event === "object" && event !== null && "type" in event && changes.has(event.type);
    return isChange && "object" in event ? { type: event.type, object: kept(event.object) } : event;
  };
  return {
    ofLine(line) {
      if (!beginnings.some((beginning) => beginsWith(line, beginning))) return ofValue(wholeEvents.ofLine(line));
      const cursor = { bytes: line, at: 0 };
      const event = read(cursor);
      if (nextByte(cursor) !== 0) throw new SyntaxError("something follows an event");
      return event;
    },
    ofValue,
    objects: { keep, read: (json) => readObject({ bytes: json, at: 0 }) },
    ofObject: <T extends object>(object: T) => kept(object) as T, // as far as it is kept
  };
}

function beginsWith(line: Buffer, beginning: Buffer): boolean {
  return line.length > beginning.length && line.compare(beginning, 0, beginning.length, 0, beginning.length) === 0;
}
