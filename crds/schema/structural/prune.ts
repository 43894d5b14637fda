import { fieldSchema, isJsonObject, type JsonObject, type StructuralSchema } from "./structural-schema.ts";

/** A value without the fields that its schema does not have. */
export interface Pruned<Value = unknown> {
  readonly value: Value;
  /** Paths of the removed fields, such as `spec.modle`, sorted. */
  readonly unknownFields: readonly string[];
}

const metaFields = new Set(["apiVersion", "kind", "metadata"]);

/** Removes the fields that a custom resource's schema does not have, as the API server does on every request. */
export function prunedResource(schema: StructuralSchema, object: JsonObject): Pruned<JsonObject> {
  const unknownFields: string[] = [];
  const value = prunedObject({ ...schema, "x-kubernetes-embedded-resource": true }, object, "", unknownFields);
  return { value, unknownFields: unknownFields.sort() };
}

/** Removes the fields that a schema does not have from any value. */
export function pruned(schema: StructuralSchema, value: unknown): Pruned {
  const unknownFields: string[] = [];
  return { value: prunedValue(schema, value, "", unknownFields), unknownFields: unknownFields.sort() };
}

function prunedValue(schema: StructuralSchema | undefined, value: unknown, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) {
    // All fields inside a list that preserves unknown fields are known, unless it has a schema for its items.
    const keeps = schema?.["x-kubernetes-preserve-unknown-fields"] === true && schema.items === undefined;
    return keeps ? value : value.map((item, index) => prunedValue(schema?.items, item, `${path}[${index}]`, unknown));
  }
  return isJsonObject(value) ? prunedObject(schema, value, path, unknown) : value;
}

function prunedObject(
  schema: StructuralSchema | undefined,
  object: JsonObject,
  path: string,
  unknown: string[],
): JsonObject {
  const preserves = schema?.["x-kubernetes-preserve-unknown-fields"] === true;
  const embedded = schema?.["x-kubernetes-embedded-resource"] === true;
  const kept: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(object)) {
    const memberPath = path === "" ? name : `${path}.${name}`;
    const known = fieldSchema(schema, name);
    if (embedded && metaFields.has(name)) kept[name] = member;
    else if (known !== undefined) kept[name] = prunedValue(known, member, memberPath, unknown);
    else if (preserves || schema?.additionalProperties === true) kept[name] = member;
    else unknown.push(memberPath);
  }
  return kept;
}
