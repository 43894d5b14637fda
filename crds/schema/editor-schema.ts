import type { StructuralSchema } from "./structural/structural-schema.ts";

/** A JSON Schema (draft 7) for editors: they complete fields, show descriptions and mark unknown ones. */
export interface EditorSchema {
  readonly [keyword: string]: unknown;
}

/** Turns a structural schema into a JSON Schema for editors; rules in CEL are beyond it and left out. */
export function editorSchema(schema: StructuralSchema): EditorSchema {
  const keywords = Object.entries(schema).filter(([name]) => !name.startsWith("x-kubernetes-"));
  const { properties, items, additionalProperties } = schema;
  return {
    ...Object.fromEntries(keywords),
    ...(schema["x-kubernetes-int-or-string"] === true ? { type: ["integer", "string"] } : {}),
    ...(properties === undefined ? {} : { properties: mapped(properties), additionalProperties: false }),
    ...(items === undefined ? {} : { items: editorSchema(items) }),
    ...(typeof additionalProperties === "object" ? { additionalProperties: editorSchema(additionalProperties) } : {}),
  };
}

function mapped(properties: Readonly<Record<string, StructuralSchema>>): EditorSchema {
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, editorSchema(property)]));
}
