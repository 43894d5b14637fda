import { ApiError } from "../values/api-error.ts";
import { equalJson, isList, isObject, objectOf, textOf, without, type Json, type JsonObject } from "../values/json.ts";

const unprocessable = (why: string): ApiError =>
  new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {}, why);

/** Applies a JSON patch (RFC 6902). Throws 422 when an operation fails. */
export function jsonPatched(document: JsonObject, operations: readonly Json[]): JsonObject {
  let current: Json = document;
  for (const operation of operations) current = patchedOnce(current, objectOf(operation));
  if (!isObject(current)) throw unprocessable("the patch leaves no object");
  return current;
}

function patchedOnce(document: Json, operation: JsonObject): Json {
  const path = pointer(textOf(operation["path"]));
  const value = operation["value"] ?? null;
  switch (operation["op"]) {
    case "add":
      return changed(document, path, value, "add");
    case "replace":
      found(document, path);
      return changed(document, path, value, "replace");
    case "remove":
      return removed(document, path);
    case "move": {
      const from = pointer(textOf(operation["from"]));
      return changed(removed(document, from), path, found(document, from), "add");
    }
    case "copy":
      return changed(document, path, found(document, pointer(textOf(operation["from"]))), "add");
    case "test":
      return tested(document, path, value);
    default:
      throw unprocessable(`unknown operation ${JSON.stringify(operation["op"] ?? null)}`);
  }
}

function removed(document: Json, path: readonly string[]): Json {
  found(document, path);
  return changed(document, path, undefined, "replace");
}

function tested(document: Json, path: readonly string[], value: Json): Json {
  if (equalJson(lookup(document, path) ?? null, value)) return document;
  throw unprocessable(`testing path /${path.join("/")} failed`);
}

const pointer = (text: string): readonly string[] =>
  text === ""
    ? []
    : text
        .split("/")
        .slice(1)
        .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

function lookup(document: Json, path: readonly string[]): Json | undefined {
  let current: Json | undefined = document;
  for (const part of path) {
    if (isList(current)) current = current[part === "-" ? current.length : Number(part)];
    else current = isObject(current) ? current[part] : undefined;
  }
  return current;
}

function found(document: Json, path: readonly string[]): Json {
  const value = lookup(document, path);
  if (value === undefined) throw unprocessable(`path /${path.join("/")} does not exist`);
  return value;
}

/** The document with a value set, inserted (`add` into a list) or, when undefined, removed. */
function changed(document: Json, path: readonly string[], value: Json | undefined, mode: "add" | "replace"): Json {
  const [head, ...rest] = path;
  if (head === undefined) return value ?? null;
  if (isList(document)) return changedList(document, [head, rest], value, mode);
  if (!isObject(document)) throw unprocessable(`path /${path.join("/")} does not exist`);
  if (rest.length === 0) return value === undefined ? without(document, head) : { ...document, [head]: value };
  const child = document[head];
  if (child === undefined) throw unprocessable(`path /${path.join("/")} does not exist`);
  return { ...document, [head]: changed(child, rest, value, mode) };
}

function changedList(
  list: readonly Json[],
  [head, rest]: readonly [string, readonly string[]],
  value: Json | undefined,
  mode: "add" | "replace",
): Json {
  const index = head === "-" ? list.length : Number(head);
  const isInside = Number.isInteger(index) && index >= 0 && index <= list.length;
  if (!isInside) throw unprocessable(`index ${head} is outside of the list`);
  const result = [...list];
  if (rest.length > 0) result[index] = changed(list[index] ?? null, rest, value, mode);
  else if (value === undefined) result.splice(index, 1);
  else result.splice(index, mode === "add" ? 0 : 1, value);
  return result;
}
