import type { RuleTable } from "../../../../crds/schema/rule.ts";
import { fieldSchema, type StructuralSchema } from "../../../../crds/schema/structural/structural-schema.ts";
import { validate } from "../../../../crds/schema/structural/validate.ts";
import { isList, type Json, type JsonObject } from "../values/json.ts";
import { memoizedWeakly, memoizedWith } from "../values/memoized.ts";

type Composite = JsonObject | readonly Json[];

/**
 * Tells whether a value satisfies a structural schema and its rules. The result is cached per part, so only the changed
 * parts of the next version of an object are validated. `validatedObject` produces the error messages.
 */
export function cachedValidation(rules: RuleTable): (value: Composite, schema: StructuralSchema) => boolean {
  const isValid = memoizedWith(
    (value: Composite, schema: StructuralSchema): boolean =>
      validate({ schema: ownLevel(schema), value, rules }).length === 0 && hasValidParts(value, schema),
  );
  const isValidPart = (part: Json | undefined, schema: StructuralSchema | undefined): boolean =>
    typeof part !== "object" || part === null || schema === undefined || isValid(part, schema);
  const hasValidParts = (value: Composite, schema: StructuralSchema): boolean =>
    isList(value)
      ? value.every((item) => isValidPart(item, schema.items))
      : Object.keys(value).every((name) => isValidPart(value[name], fieldSchema(schema, name)));
  return isValid;
}

/** A schema that validates a value without the contents of its nested objects and lists. */
const ownLevel = memoizedWeakly((schema: StructuralSchema): StructuralSchema => {
  const { properties, items, additionalProperties, ...own } = schema;
  const shallow = Object.entries(properties ?? {}).map(([name, part]) => [name, withoutContents(part)] as const);
  return {
    ...own,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(shallow) }),
    ...(items === undefined ? {} : { items: withoutContents(items) }),
    ...(typeof additionalProperties === "object"
      ? { additionalProperties: withoutContents(additionalProperties) }
      : {}),
  };
});

/** The schema of a scalar unchanged; of an object or list, only its type. */
function withoutContents(schema: StructuralSchema): StructuralSchema {
  const { type, format, nullable, enum: listed } = schema;
  if (type !== "object" && type !== "array") return schema;
  return {
    type,
    ...(format === undefined ? {} : { format }),
    ...(nullable === undefined ? {} : { nullable }),
    ...(listed === undefined ? {} : { enum: listed }),
  };
}
