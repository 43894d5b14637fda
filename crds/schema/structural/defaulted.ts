import { fieldSchema, isJsonObject, type JsonObject, type StructuralSchema } from "./structural-schema.ts";

/**
 * Applies the schema's defaults to absent fields and drops nulls of fields that are not nullable, as the API server does before
 * validation.
 */
export function defaulted(schema: StructuralSchema | undefined, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = schema?.items;
    return value.map((item) => defaulted(items, item === null && !isNullable(items) ? (items?.default ?? null) : item));
  }
  return isJsonObject(value) ? defaultedObject(schema, value) : value;
}

function defaultedObject(schema: StructuralSchema | undefined, object: JsonObject): JsonObject {
  const filled: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(object)) {
    const known = fieldSchema(schema, name);
    if (member !== null || known === undefined || isNullable(known)) filled[name] = defaulted(known, member);
    else if (known.default !== undefined) filled[name] = defaulted(known, deepCopy(known.default));
  }
  for (const [name, property] of Object.entries(schema?.properties ?? {})) {
    const absent = property.default !== undefined && !Object.hasOwn(filled, name);
    if (absent) filled[name] = defaulted(property, deepCopy(property.default));
  }
  return filled;
}

function isNullable(schema: StructuralSchema | undefined): boolean {
  return schema === undefined || schema.nullable === true;
}

function deepCopy(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
