import type { ApiObject } from "../values/api-object.ts";
import type { JsonObject } from "../values/json.ts";

/** One version of an object, with the revision of the store that made it. */
export interface StoredRecord {
  readonly object: ApiObject;
  readonly revision: number;
}

/** What happened to an object, as watches tell it. */
export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

/** A committed write. A deletion carries the last version, stamped with the revision of the deletion. */
export interface Change {
  readonly type: ChangeType;
  /** Key of the collection, `plural.group`. */
  readonly collection: string;
  readonly record: StoredRecord;
  readonly before: StoredRecord | undefined;
}

const texts = new WeakMap<JsonObject, string>();

/** The JSON of an object, made once per version however many readers and watches ask for it. */
export function jsonOf(object: JsonObject): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return text;
}
