import { isList, isObject, type Json, type JsonObject } from "../values/json.ts";
import { memoryOf } from "../values/interned.ts";
import { rememberedWith } from "../values/remembered.ts";
import { childNode, type SchemaNode } from "./schema-node.ts";

/** An object without the fields its schema doesn't know, and the paths of those fields (`spec.containers[0].foo`). */
export interface KnownFields {
  readonly value: JsonObject;
  readonly unknown: readonly string[];
}

/** Prunes a whole object. `metadata` is checked like everything else where the schema describes it. */
export function knownFields(object: JsonObject, node: SchemaNode): KnownFields {
  const unknown: string[] = [];
  const value = prunedObject(object, node, "", unknown);
  return { value, unknown };
}

function prunedObject(value: JsonObject, node: SchemaNode, path: string, unknown: string[]): JsonObject {
  return memoryOf(value) !== undefined && isKnown(value, node) ? value : walked(value, node, path, unknown);
}

const isKnown = rememberedWith((value: JsonObject, node: SchemaNode): boolean => {
  const unknown: string[] = [];
  walked(value, node, "", unknown);
  return unknown.length === 0;
});

function walked(value: JsonObject, node: SchemaNode, path: string, unknown: string[]): JsonObject {
  let result: Record<string, Json> | undefined;
  for (const key of Object.keys(value)) {
    const child = value[key];
    const childSchema = childNode(node, key);
    if (childSchema === undefined) {
      if (node.embedded && typeFields.has(key)) continue;
      unknown.push(placeOf(path, key));
      result ??= { ...value };
      delete result[key];
    } else if (typeof child === "object") {
      const next = pruned(child, childSchema, placeOf(path, key), unknown);
      if (next === child) continue;
      result ??= { ...value };
      result[key] = next;
    }
  }
  return result ?? value;
}

/** What every whole object has, whatever its schema says. */
const typeFields: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

const placeOf = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

function pruned(value: Json, node: SchemaNode, path: string, unknown: string[]): Json {
  if (node.type === "any") return value;
  if (isObject(value)) return prunedObject(value, node, path, unknown);
  const { items } = node;
  if (!isList(value) || items === undefined) return value;
  const result = value.map((item, index) => pruned(item, items, `${path}[${index}]`, unknown));
  return result.every((item, index) => item === value[index]) ? value : result;
}
