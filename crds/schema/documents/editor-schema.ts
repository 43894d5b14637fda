import type { StructuralSchema } from "../structural/structural-schema.ts";

/** A JSON Schema (draft 7) for editors: completion, descriptions and errors for unknown fields. */
export interface EditorSchema {
  readonly [keyword: string]: unknown;
}

/** Converts a structural schema to a JSON Schema for editors. Of the rules, only those that match a pattern are kept. */
export function editorSchema(schema: StructuralSchema): EditorSchema {
  const keywords = Object.entries(schema).filter(([name]) => !name.startsWith("x-kubernetes-"));
  const { properties, items, additionalProperties } = schema;
  const pattern = patternOf(schema);
  return {
    ...Object.fromEntries(keywords),
    ...(schema["x-kubernetes-int-or-string"] === true ? { type: ["integer", "string"] } : {}),
    ...(pattern === undefined ? {} : { pattern }),
    ...(properties === undefined ? {} : { properties: mapped(properties), additionalProperties: false }),
    ...(isEmptyObject(schema) ? { additionalProperties: false } : {}),
    ...(items === undefined ? {} : { items: editorSchema(items) }),
    ...(typeof additionalProperties === "object" ? { additionalProperties: editorSchema(additionalProperties) } : {}),
  };
}

/** A schema of an empty object, which is either present or absent. */
function isEmptyObject(schema: StructuralSchema): boolean {
  const { type, properties, additionalProperties } = schema;
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true || schema.required !== undefined;
  return type === "object" && properties === undefined && additionalProperties === undefined && !isOpen;
}

function mapped(properties: Readonly<Record<string, StructuralSchema>>): EditorSchema {
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, editorSchema(property)]));
}

function patternOf(schema: StructuralSchema): string | undefined {
  const rules = schema["x-kubernetes-validations"] ?? [];
  return rules
    .map(({ rule }) => /^(?:self|string\(self\))\.matches\('([^']*)'\)$/.exec(rule)?.[1])
    .find((found) => found !== undefined);
}
