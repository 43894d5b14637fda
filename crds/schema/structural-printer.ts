import type { TSchema } from "typebox";

import type { Rule } from "./rule.ts";
import type { StructuralSchema } from "./structural/structural-schema.ts";

/** Keywords with the same meaning in a TypeBox schema and in a structural schema, in the order of the output. */
const sameKeywords = [
  "type",
  "format",
  "default",
  "enum",
  "nullable",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "pattern",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "x-kubernetes-int-or-string",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
] as const;

/** Members of a TypeBox schema that need a conversion. */
interface Parts {
  readonly description?: string;
  /** The default that the operator assumes; the API server does not write it. */
  readonly assumed?: string | number | boolean;
  readonly rules?: readonly Rule[];
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
}

/**
 * Converts a TypeBox schema to the structural OpenAPI v3 schema of a CustomResourceDefinition. A record becomes
 * additionalProperties, a default that only the operator assumes becomes part of the description, and of a rule only the CEL remains.
 *
 * @throws TypeError for a TypeBox schema that has no structural form
 */
export function structuralSchemaOf(schema: TSchema): StructuralSchema {
  const parts: Parts = schema;
  const keywords = new Map<string, unknown>(Object.entries(schema));
  const same = sameKeywords.filter((name) => keywords.has(name)).map((name) => [name, keywords.get(name)]);
  const result: StructuralSchema = {
    ...(parts.description === "" ? {} : { description: described(parts) }),
    ...(keywords.has("enum") ? { type: "string" } : {}),
    ...Object.fromEntries(same),
    ...structuralMembers(parts),
    ...validationRules(parts.rules ?? []),
  };
  if (result.type === undefined && result["x-kubernetes-int-or-string"] !== true) {
    throw new TypeError(`"${result.description}" has no type; a structural schema needs one everywhere`);
  }
  return result;
}

function described({ description, assumed }: Parts): string {
  if (description === undefined) throw new TypeError("a schema has no description; every field of the API needs one");
  return assumed === undefined ? description : `${description} Default: ${assumed}.`;
}

function structuralMembers({ items, properties, required = [], patternProperties = {} }: Parts): StructuralSchema {
  const [values] = Object.values(patternProperties);
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, structuralSchemaOf(field)]);
  return {
    ...(items === undefined ? {} : { items: structuralSchemaOf(items) }),
    ...(values === undefined ? {} : { additionalProperties: structuralSchemaOf(values) }),
    ...(required.length === 0 ? {} : { required }),
    ...(fields.length === 0 ? {} : { properties: Object.fromEntries(fields) }),
  };
}

function validationRules(rules: readonly Rule[]): StructuralSchema {
  if (rules.length === 0) return {};
  const entries = rules.map(({ cel, message, fieldPath }) => {
    return { rule: cel, message, ...(fieldPath === undefined ? {} : { fieldPath }) };
  });
  return { "x-kubernetes-validations": entries };
}
