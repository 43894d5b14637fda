import type { RuleTable } from "../../../../crds/schema/rule.ts";
import { fieldSchema, type StructuralSchema } from "../../../../crds/schema/structural/structural-schema.ts";
import { validate } from "../../../../crds/schema/structural/validate.ts";
import { isList, type Json, type JsonObject } from "../values/json.ts";
import { rememberedOfFew, rememberedWith } from "../values/remembered.ts";

type Composite = JsonObject | readonly Json[];

/**
 * Tells whether a structural schema and its rules have nothing to complain of in a value, part by part: what was well
 * in one version of an object is not looked at again in the next. What a complaint says is for `validatedObject` to find.
 */
export function flawlessness(rules: RuleTable): (value: Composite, schema: StructuralSchema) => boolean {
  const isFlawless = rememberedWith(
    (value: Composite, schema: StructuralSchema): boolean =>
      validate({ schema: ownLevel(schema), value, rules }).length === 0 && hasFlawlessParts(value, schema),
  );
  const isFlawlessPart = (part: Json | undefined, schema: StructuralSchema | undefined): boolean =>
    typeof part !== "object" || part === null || schema === undefined || isFlawless(part, schema);
  const hasFlawlessParts = (value: Composite, schema: StructuralSchema): boolean =>
    isList(value)
      ? value.every((item) => isFlawlessPart(item, schema.items))
      : Object.keys(value).every((name) => isFlawlessPart(value[name], fieldSchema(schema, name)));
  return isFlawless;
}

/** The schema without what it says of the insides of parts. */
const ownLevel = rememberedOfFew((schema: StructuralSchema): StructuralSchema => {
  const { properties, items, additionalProperties, ...own } = schema;
  const outsides = Object.entries(properties ?? {}).map(([name, part]) => [name, outside(part)] as const);
  return {
    ...own,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(outsides) }),
    ...(items === undefined ? {} : { items: outside(items) }),
    ...(typeof additionalProperties === "object" ? { additionalProperties: outside(additionalProperties) } : {}),
  };
});

/** What a schema says of a value that is no object or list: of others their type is all that is looked at. */
function outside(schema: StructuralSchema): StructuralSchema {
  const { type, format, nullable, enum: listed } = schema;
  if (type !== "object" && type !== "array") return schema;
  return {
    type,
    ...(format === undefined ? {} : { format }),
    ...(nullable === undefined ? {} : { nullable }),
    ...(listed === undefined ? {} : { enum: listed }),
  };
}
