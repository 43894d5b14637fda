import type { ApiObject } from "../values/api-object.ts";
import type { JsonObject } from "../values/json.ts";

/** One version of an object, with the store revision that created it. */
export interface StoredRecord {
  readonly object: ApiObject;
  readonly revision: number;
}

/** The type of a watch event. */
export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

/** A committed write. A deletion carries the last version of the object under the revision of the deletion. */
export interface Change {
  readonly type: ChangeType;
  /** Key of the collection: `plural.group`. */
  readonly collection: string;
  readonly record: StoredRecord;
  readonly before: StoredRecord | undefined;
}

const texts = new WeakMap<JsonObject, string>();

/** The JSON text of an object, serialized once per version for all reads and watches. */
export function jsonOf(object: JsonObject): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return text;
}
