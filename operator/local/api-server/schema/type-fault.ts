import { isList, isObject, printed, type Json, type JsonObject } from "../values/json.ts";
import { isInterned } from "../values/interned.ts";
import { memoizedWith } from "../values/memoized.ts";
import { childNode, type SchemaNode } from "./schema-node.ts";

/**
 * The first type mismatch between a value and its schema, worded as Go's JSON decoder does; undefined when there is none.
 * The message names the schema's types, because Go's type names are not in the schema.
 */
export function typeFault(value: Json, node: SchemaNode | undefined, path: string): string | undefined {
  if (node === undefined || node.type === "any" || value === null) return undefined;
  if (!fits(value, node)) {
    const wanted = node.raw["format"] ?? node.type;
    return `cannot unmarshal ${goName(value)} into Go struct field ${path} of type ${printed(wanted)}`;
  }
  return isList(value) ? listFault(value, node, path) : objectFault(value, node, path);
}

function objectFault(value: Json, node: SchemaNode, path: string): string | undefined {
  if (!isObject(value)) return undefined;
  return isInterned(value) && isOfItsTypes(value, node) ? undefined : faultInside(value, node, path);
}

const isOfItsTypes = memoizedWith((value: JsonObject, node: SchemaNode) => faultInside(value, node, "") === undefined);

function faultInside(value: JsonObject, node: SchemaNode, path: string): string | undefined {
  for (const key of Object.keys(value)) {
    const fault = typeFault(value[key] ?? null, childNode(node, key), path === "" ? key : `${path}.${key}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function listFault(value: readonly Json[], node: SchemaNode, path: string): string | undefined {
  for (const item of value) {
    const fault = typeFault(item, node.items, path);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function fits(value: Json, { type }: SchemaNode): boolean {
  switch (type) {
    case "object":
      return isObject(value);
    case "array":
      return isList(value);
    case "integer":
      return typeof value === "number" && Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "string":
    case "boolean":
      return typeof value === type;
    case "any":
      return true;
  }
}

function goName(value: Json): string {
  if (isList(value)) return "array";
  if (isObject(value)) return "object";
  return typeof value === "boolean" ? "bool" : typeof value;
}
