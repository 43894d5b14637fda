import { withoutManagedFields } from "./json-text.ts";
import { keeper, type KeptMembers } from "./kept.ts";

/** Makes the events of a watch without what is not needed of their objects. */
export interface KeptEvents {
  /** The value of a line; throws when it is not JSON. */
  ofLine(line: string): unknown;
  /** The same of an event that came as a value. */
  ofValue(event: unknown): unknown;
  /** What is kept of an object that came in a list. */
  ofObject<T extends object>(object: T): T;
}

/** Everything but managed fields. */
export const wholeEvents: KeptEvents = {
  ofLine: (line) => JSON.parse(withoutManagedFields(line)),
  ofValue: (event) => event,
  ofObject: (object) => object,
};

/** Of other events (bookmarks, errors) everything is needed. */
const changes: ReadonlySet<unknown> = new Set(["ADDED", "MODIFIED", "DELETED"]);

const made = new WeakMap<KeptMembers, KeptEvents>();

/** Type and kind are kept in any case. The same members make the same events: V8 gives those of each maker a shape of their own. */
export function keptEvents(members: KeptMembers): KeptEvents {
  const events = made.get(members) ?? makeKeptEvents(members);
  made.set(members, events);
  return events;
}

function makeKeptEvents(members: KeptMembers): KeptEvents {
  const kept = keeper({ apiVersion: "shared", kind: "shared", ...members });
  const ofValue = (event: unknown): unknown => {
    const isChange = typeof event === "object" && event !== null && "type" in event && changes.has(event.type);
    return isChange && "object" in event ? { type: event.type, object: kept(event.object) } : event;
  };
  return {
    ofLine: (line) => ofValue(wholeEvents.ofLine(line)),
    ofValue,
    ofObject: <T extends object>(object: T) => kept(object) as T, // as far as it is kept
  };
}
