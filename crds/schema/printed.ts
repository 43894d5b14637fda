import type { TSchema } from "typebox";

import type { Rule } from "./rule.ts";
import type { StructuralSchema } from "./structural/structural-schema.ts";

/** Keywords that mean the same in a TypeBox value and in a structural schema, in the order in which they are printed. */
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

/** The parts of a TypeBox value that are read here; the rest are scalars of `sameKeywords`. */
interface Parts {
  readonly description?: string;
  /** What an absent field means when the API server does not write a default. */
  readonly assumed?: string | number | boolean;
  readonly rules?: readonly Rule[];
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
}

/**
 * Prints a TypeBox value as the structural OpenAPI v3 schema of a CustomResourceDefinition. A record becomes
 * additionalProperties, a default that only the operator assumes becomes part of the description, a rule loses its
 * TypeScript side.
 *
 * @throws TypeError for a TypeBox value that has no structural form
 */
export function printed(schema: TSchema): StructuralSchema {
  const parts: Parts = schema;
  const keywords = new Map<string, unknown>(Object.entries(schema));
  const same = sameKeywords.filter((name) => keywords.has(name)).map((name) => [name, keywords.get(name)]);
  const result: StructuralSchema = {
    ...(parts.description === "" ? {} : { description: described(parts) }),
    ...(keywords.has("enum") ? { type: "string" } : {}),
    ...Object.fromEntries(same),
    ...printedMembers(parts),
    ...printedRules(parts.rules ?? []),
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

function printedMembers({ items, properties, required = [], patternProperties = {} }: Parts): StructuralSchema {
  const [values] = Object.values(patternProperties);
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, printed(field)]);
  return {
    ...(items === undefined ? {} : { items: printed(items) }),
    ...(values === undefined ? {} : { additionalProperties: printed(values) }),
    ...(required.length === 0 ? {} : { required }),
    ...(fields.length === 0 ? {} : { properties: Object.fromEntries(fields) }),
  };
}

function printedRules(rules: readonly Rule[]): StructuralSchema {
  if (rules.length === 0) return {};
  const entries = rules.map(({ cel, message, fieldPath }) => {
    return { rule: cel, message, ...(fieldPath === undefined ? {} : { fieldPath }) };
  });
  return { "x-kubernetes-validations": entries };
}
