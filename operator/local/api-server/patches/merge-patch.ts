import { isObject, type Json, type JsonObject } from "../values/json.ts";

/** Applies a JSON merge patch (RFC 7386): null deletes, objects merge, everything else replaces. */
export function mergePatched(document: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...document };
  for (const [key, value] of Object.entries(patch)) {
    const before = result[key];
    if (value === null) delete result[key];
    else result[key] = isObject(value) ? mergePatched(isObject(before) ? before : {}, value) : value;
  }
  return result;
}
