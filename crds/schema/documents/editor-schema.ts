import type { StructuralSchema } from "../structural/structural-schema.ts";

/** A JSON Schema (draft 7) for editors: they complete fields, show descriptions and mark unknown ones. */
export interface EditorSchema {
  readonly [keyword: string]: unknown;
}

/** Turns a structural schema into a JSON Schema for editors. Of the rules it keeps those that only match a pattern. */
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

/** An object that is there or not, and holds nothing. */
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
