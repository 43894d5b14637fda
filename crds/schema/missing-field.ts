import { isJsonObject, type StructuralSchema } from "./structural/structural-schema.ts";

/**
 * Path of the first field of the schema, such as `.spec.model`, that `served`, another version of the same schema, does not have, so that
 * the API server would prune it; undefined when none is missing. Only fields are compared: an older rule rejects a value with an error.
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
