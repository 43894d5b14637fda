import { isList, isObject, type Json, type JsonObject } from "../values/json.ts";
import { isInterned } from "../values/interned.ts";
import { memoizedWith } from "../values/memoized.ts";
import { childNode, type SchemaNode } from "./schema-node.ts";

/** A pruned object, and the paths of the unknown fields that were removed (`spec.containers[0].foo`). */
export interface KnownFields {
  readonly value: JsonObject;
  readonly unknown: readonly string[];
}

/** Prunes the fields that a schema doesn't declare. `metadata` is pruned as well where the schema describes it. */
export function knownFields(object: JsonObject, node: SchemaNode): KnownFields {
  const unknown: string[] = [];
  const value = prunedObject(object, node, "", unknown);
  return { value, unknown };
}

function prunedObject(value: JsonObject, node: SchemaNode, path: string, unknown: string[]): JsonObject {
  return isInterned(value) && isKnown(value, node) ? value : prunedMembers(value, node, path, unknown);
}

const isKnown = memoizedWith((value: JsonObject, node: SchemaNode): boolean => {
  const unknown: string[] = [];
  prunedMembers(value, node, "", unknown);
  return unknown.length === 0;
});

function prunedMembers(value: JsonObject, node: SchemaNode, path: string, unknown: string[]): JsonObject {
  let result: Record<string, Json> | undefined;
  for (const key of Object.keys(value)) {
    const child = value[key];
    const childSchema = childNode(node, key);
    if (childSchema === undefined) {
      if (node.embedded && typeFields.has(key)) continue;
      unknown.push(pathOf(path, key));
      result ??= { ...value };
      delete result[key];
    } else if (typeof child === "object") {
      const next = pruned(child, childSchema, pathOf(path, key), unknown);
      if (next === child) continue;
      result ??= { ...value };
      result[key] = next;
    }
  }
  return result ?? value;
}

/** Fields of every embedded resource, declared or not. */
const typeFields: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

const pathOf = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

function pruned(value: Json, node: SchemaNode, path: string, unknown: string[]): Json {
  if (node.type === "any") return value;
  if (isObject(value)) return prunedObject(value, node, path, unknown);
  const { items } = node;
  if (!isList(value) || items === undefined) return value;
  const result = value.map((item, index) => pruned(item, items, `${path}[${index}]`, unknown));
  return result.every((item, index) => item === value[index]) ? value : result;
}
