import { isJsonObject, type StructuralSchema } from "./structural/structural-schema.ts";

/**
 * Path of the first field, as `.spec.model`, that the schema knows and `served`, another edition of it, would have the
 * API server drop; undefined when it keeps them all. Only fields are compared: a rule of an older edition refuses aloud.
 */
export function missingField(schema: StructuralSchema, served: unknown, path = ""): string | undefined {
  const other = isJsonObject(served) ? served : {};
  if (keepsAll(other)) return undefined;
  const { items, additionalProperties, properties = {} } = schema;
  const known = isJsonObject(other["properties"]) ? other["properties"] : {};
  const missing = Object.entries(properties)
    .map(([name, field]) => {
      const fieldPath = `${path}.${name}`;
      return Object.hasOwn(known, name) ? missingField(field, known[name], fieldPath) : fieldPath;
    })
    .find((found) => found !== undefined);
  if (missing !== undefined) return missing;
  if (items !== undefined) return missingField(items, other["items"], `${path}[]`);
  if (typeof additionalProperties !== "object") return undefined;
  const values = other["additionalProperties"];
  return values === undefined ? `${path}.*` : missingField(additionalProperties, values, `${path}.*`);
}

function keepsAll(schema: Readonly<Record<string, unknown>>): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true || schema["additionalProperties"] === true;
}
